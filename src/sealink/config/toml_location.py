"""The lines of a TOML text's keys and tables, so that a mistake can be reported as file:line.

tomllib does not keep positions. The text has been read by it already, so it is known to be valid here.
"""

import re

Path = tuple[str | int, ...]
"""The way to a value: the keys of tables, the indexes of arrays. `("models", 0, "id")`."""

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_STRING = re.compile(r'"""(?:\\.|.)*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR = re.compile(r"[^,\]}\n#]+")


class Lines:
    """The line of each key, table and item of a text, found in one pass over it."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._text = text
        self._at = self._counted_to = 0
        self._line = 1
        self._tables: dict[Path, int] = {}
        """How many tables each array of tables has so far."""
        table: Path = ()
        while self._next():
            table = self._header() if self._next() == "[" else self._pair(table)

    def of(self, path: Path) -> int:
        """The line of `path`, counted from 1; that of what encloses it if the path itself is not in the text."""
        inner_first = (path[:length] for length in range(len(path), 0, -1))
        return next((self._lines[each] for each in inner_first if each in self._lines), 1)

    def _next(self) -> str:
        """The next character that is neither space nor comment, "" at the end."""
        space = _SPACE.match(self._text, self._at)
        assert space is not None
        self._at = space.end()
        return self._text[self._at : self._at + 1]

    def _note(self, path: Path) -> None:
        """A path begins here; of one that several lines are about, the first counts."""
        self._line += self._text.count("\n", self._counted_to, self._at)
        self._counted_to = self._at
        self._lines.setdefault(path, self._line)

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the path of the table that begins."""
        is_array = self._text.startswith("[[", self._at)
        begin = self._at
        self._at += 2 if is_array else 1
        self._next()
        *outer, name = self._dotted()
        self._next()
        end, self._at = self._at + (2 if is_array else 1), begin
        path: Path = ()
        for each in outer:
            self._note((*path, each))
            path = self._last_of((*path, each))
        path = (*path, name)
        if is_array:
            self._tables[path] = self._tables.get(path, 0) + 1
        self._note(path)
        path = self._last_of(path)
        self._note(path)
        self._at = end
        return path

    def _last_of(self, path: Path) -> Path:
        """The table that a name in a header leads into: of an array of tables, the last so far."""
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _pair(self, table: Path) -> Path:
        """`key = value`. Returns the table it is in."""
        begin = self._at
        names = self._dotted()
        end, self._at = self._at, begin
        for length in range(1, len(names) + 1):
            self._note((*table, *names[:length]))
        self._at = end
        self._next()
        self._at += 1  # the equals sign
        self._value((*table, *names))
        return table

    def _dotted(self) -> list[str]:
        """A key, which may have several parts."""
        names = [self._name()]
        while dot := _DOT.match(self._text, self._at):
            self._at = dot.end()
            names.append(self._name())
        return names

    def _name(self) -> str:
        quoted = self._skip(_STRING)
        return quoted[1:-1] if quoted else self._skip(_BARE_KEY)

    def _value(self, path: Path) -> None:
        first = self._next()
        if first == "[":
            self._items(path)
        elif first == "{":
            self._inline_table(path)
        elif not self._skip(_STRING):
            self._skip(_SCALAR)

    def _items(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._next() != "]":
            self._note((*path, index))
            self._value((*path, index))
            self._skip_comma()
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._next() != "}":
            self._pair(path)
            self._skip_comma()
        self._at += 1

    def _skip_comma(self) -> None:
        if self._next() == ",":
            self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        """What the pattern fits here, "" if it does not."""
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]
