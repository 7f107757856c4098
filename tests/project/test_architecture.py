"""ARCHITECTURE.md shows the tree as it is: its drawing has each package of src/sealink, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sealink"
TEXT = (ROOT / "ARCHITECTURE.md").read_text()


def drawn() -> Iterator[str]:
    """The folders of the drawing, `wire/stream` for one that is indented below `wire/`."""
    (drawing,) = re.findall(r"```text\nsrc/sealink/\n(.*?)```", TEXT, re.DOTALL)
    above: list[tuple[int, str]] = []
    for indent, name in re.findall(r"^( +)(\w+)/", drawing, re.MULTILINE):
        above = [(depth, folder) for depth, folder in above if depth < len(indent)]
        above.append((len(indent), name))
        yield "/".join(folder for _, folder in above)


def test_the_drawing_shows_the_folders_that_exist() -> None:
    folders = {file.parent.relative_to(SOURCE).as_posix() for file in SOURCE.rglob("*.py")} - {"."}
    assert sorted(drawn()) == sorted(folders)


def test_every_file_that_is_named_exists() -> None:
    names = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|txt))`", TEXT))
    files = [file.relative_to(ROOT).as_posix() for folder in ("src", "tests") for file in (ROOT / folder).rglob("*.*")]
    assert names
    assert not {name for name in names if not any(f"/{file}".endswith(f"/{name}") for file in files)}
