"""The line of a value in a TOML text, so that a mistake can be reported as file:line.

tomllib does not keep positions. A path is as in msgspec's messages: `$.models[0].targets[1].model`.
"""

import re

Step = str | int

_STEP = re.compile(r"\.?([A-Za-z0-9_-]+)|\[(\d+)\]")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")


def line_of(text: str, path: str) -> int:
    """The line of `path`, counted from 1; that of what encloses it if the path itself is not in the text."""
    steps = [name or int(index) for name, index in _STEP.findall(path.removeprefix("$"))]
    lines = text.splitlines()
    begin, end, rest = _table_of(lines, steps)
    if rest:
        key = re.escape(str(rest[0]))
        for index in range(begin, end):
            if re.match(rf"""\s*(?:{key}|"{key}")\s*[=.]""", lines[index]):
                return 1 + _item(lines[index:end], rest[1:]) + index
    return max(begin, 1)


def _table_of(lines: list[str], steps: list[Step]) -> tuple[int, int, list[Step]]:
    """The innermost table that the path leads into: its first line, the line after its last, the steps left.

    Lines are counted from 0 and the header is not one of them, so the first is also the header's number from 1.
    """
    headers = _headers(lines)
    ends = [index for index, _ in headers[1:]] + [len(lines)]
    found: tuple[int, int, list[Step]] = (0, headers[0][0] if headers else len(lines), steps)
    for (index, name), end in zip(headers, ends, strict=False):
        if name == steps[: len(name)] and len(name) > len(steps) - len(found[2]):
            found = (index + 1, end, steps[len(name) :])
    return found


def _headers(lines: list[str]) -> list[tuple[int, list[Step]]]:
    """The line of each table header, from 0, and its name, arrays of tables with their index."""
    headers: list[tuple[int, list[Step]]] = []
    counts: dict[str, int] = {}
    for index, line in enumerate(lines):
        match = _HEADER.match(line)
        if match is None:
            continue
        brackets, dotted = match.groups()
        if brackets == "[[":
            counts = {name: count for name, count in counts.items() if not name.startswith(f"{dotted}.")}
            counts[dotted] = counts.get(dotted, 0) + 1
        headers.append((index, _place_of(dotted, counts)))
    return headers


def _place_of(dotted: str, counts: dict[str, int]) -> list[Step]:
    """A header's name as steps, with how many of each array of tables there have been."""
    place: list[Step] = []
    so_far = ""
    for name in dotted.split("."):
        so_far = f"{so_far}.{name}" if so_far else name
        place += [name, counts[so_far] - 1] if so_far in counts else [name]
    return place


def _item(lines: list[str], steps: list[Step]) -> int:
    """How many lines below its key the n-th inline table of an array begins."""
    wanted = next((step for step in steps if isinstance(step, int)), None)
    seen = -1
    for index, line in enumerate(lines):
        seen += line.count("{")
        if wanted is not None and seen >= wanted:
            return index
    return 0
