"""A table of the file as a struct. Each mistake in it is noted, and reading goes on.

A misspelled key or choice is read as what it was probably meant for, anything else that is wrong as if it were not
there: one slip is told once, and not also by all that depends on it.
"""

import re
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from sealink.config.mistakes import Mistakes, did_you_mean, similar
from sealink.config.toml_location import Path

_Table = TypeVar("_Table", bound=msgspec.Struct)

_WRONG: Final = object()
"""Instead of a value that cannot be used."""


class TableReader:
    """Reads the tables of one file into structs. `root` is the struct of the whole file."""

    def __init__(self, root: type[msgspec.Struct], mistakes: Mistakes) -> None:
        self._root = root
        self._mistakes = mistakes

    def read(self, kind: type[_Table], table: object, path: Path = ()) -> _Table:
        """The struct of a table. Where a required key is missing it is empty."""
        if not isinstance(table, dict):
            self._mistakes.add(path, f"{_name_of(path)}: expected a table, got {_type_name(table)}")
            return _completed(kind, {})
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        values = {}
        for name, written in self._named(table, set(fields), path).items():
            value = self._value(fields[name].type, table[written], (*path, name))
            if value is not _WRONG:
                values[name] = value
        for name, field in fields.items():
            if field.required and name not in values and not self._mistakes.within((*path, name)):
                self._mistakes.add(path, f"`{name}` is missing")
        return _completed(kind, values)

    def _named(self, table: dict[str, object], known: set[str], path: Path) -> dict[str, str]:
        """Each known key that is given → as it is written."""
        named = {name: name for name in table if name in known}
        for written in table:
            if written not in known:
                meant = similar(written, known)
                told = self._unknown(written, meant, table[written], path)
                if meant and meant not in named:
                    named[meant] = written
                    self._mistakes.misspelled((*path, meant), written)
                    self._mistakes.add((*path, meant), told)
                else:
                    self._mistakes.add((*path, written), told)
        return named

    def _unknown(self, written: str, meant: str, value: object, path: Path) -> str:
        tables = tables_of(self._root)
        if not path and isinstance(value, dict | list):
            is_array = isinstance(value, list)
            hint = f", did you mean {_header(meant, is_array=tables[meant].is_array)}?" if meant else ""
            return f"unknown table {_header(written, is_array=is_array)}{hint}"
        owners = [_header(name, is_array=table.is_array) for name, table in tables.items() if written in table.keys]
        hint = f"; it is a key of {' and '.join(owners)}" if owners else ""
        return f"unknown key `{written}`" + (f", did you mean `{meant}`?" if meant else hint)

    def _value(self, kind: Any, value: object, path: Path) -> Any:
        if table := table_type(kind):
            return self._array(table, value, path) if is_array_of_tables(kind) else self.read(table, value, path)
        if get_origin(kind) is dict and isinstance(value, dict):
            entries = {key: self._leaf(kind, {key: item}, (*path, key)) for key, item in value.items()}
            return {key: entry[key] for key, entry in entries.items() if entry is not _WRONG}
        return self._leaf(kind, value, path)

    def _array(self, kind: type[msgspec.Struct], value: object, path: Path) -> Any:
        if not isinstance(value, list):
            self._mistakes.add(path, f"{_name_of(path)}: expected an array of tables, got {_type_name(value)}")
            return _WRONG
        return tuple(self.read(kind, table, (*path, index)) for index, table in enumerate(value))

    def _leaf(self, kind: Any, value: Any, path: Path) -> Any:
        try:
            return msgspec.convert(value, kind, strict=True)
        except msgspec.ValidationError as error:
            if self._mistakes.within(path):  # of a variable of the environment, say
                return _WRONG
            chosen = next(iter(value.values())) if get_origin(kind) is dict and isinstance(value, dict) else value
            choices, name = choices_of(kind), _name_of(path)
            if choices and isinstance(chosen, str) and chosen not in choices:
                self._mistakes.add(path, f"{name}: {chosen!r} is not one of {_listed(choices, chosen)}")
                return (chosen is value and similar(chosen, choices)) or _WRONG
            found, item = _in_words(error)
            self._mistakes.add((*path, item) if item is not None else path, f"{name}: {found}")
            return _WRONG


def _completed(kind: type[_Table], values: dict[str, Any]) -> _Table:
    """A struct of these values; what it requires and does not get is empty."""
    required = {field.name: field.type for field in msgspec.structs.fields(kind) if field.required}
    return kind(**{name: (get_origin(type_) or type_)() for name, type_ in required.items()} | values)


class KnownTable(msgspec.Struct, frozen=True):
    """A table of a file: its keys, and whether there may be several."""

    keys: tuple[str, ...]
    is_array: bool


def tables_of(root: type[msgspec.Struct]) -> dict[str, KnownTable]:
    """The tables of a file."""
    return {
        field.encode_name: KnownTable(kind.__struct_encode_fields__, is_array_of_tables(field.type))
        for field in msgspec.structs.fields(root)
        if (kind := table_type(field.type))
    }


def _header(name: str, *, is_array: bool) -> str:
    return f"[[{name}]]" if is_array else f"[{name}]"


def table_type(kind: Any) -> type[msgspec.Struct] | None:
    """The struct of a table or of an array of tables; None for other values."""
    if is_array_of_tables(kind):
        kind = get_args(kind)[0]
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def is_array_of_tables(kind: Any) -> bool:
    """Whether a type is `tuple[SomeStruct, ...]`."""
    item = get_args(kind)[:1] if get_origin(kind) is tuple else ()
    return any(isinstance(each, type) and issubclass(each, msgspec.Struct) for each in item)


def choices_of(kind: Any) -> tuple[str, ...]:
    """The values of a choice, also of one that may be left out, or of a table of choices; () for other types."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return arguments
    if origin in (Union, UnionType):
        return next(filter(None, map(choices_of, arguments)), ())
    if origin is dict:
        return choices_of(arguments[1])
    return choices_of(arguments[0]) if origin is Annotated else ()


def _in_words(error: msgspec.ValidationError) -> tuple[str, int | None]:
    """What msgspec found, in the words of TOML; and the index where it is about an item of an array."""
    found, _, place = str(error).partition(" - at ")
    for word, meaning in ((" | null", ""), ("`object`", "a table"), ("`array`", "an array")):
        found = found.replace(word, meaning)
    item = re.search(r"\$\[(\d+)\]", place)
    return f"{found[:1].lower()}{found[1:]}", int(item[1]) if item else None


def _listed(choices: tuple[str, ...], chosen: str) -> str:
    return ", ".join(choices) + did_you_mean(chosen, choices)


def _name_of(path: Path) -> str:
    """The name of a value; an item of an array has that of the array."""
    return next(step for step in reversed(path) if isinstance(step, str))


def _type_name(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    return "an array" if isinstance(value, list) else f"`{type(value).__name__}`"
