"""A sealink.toml that a person goes on with: tables in their usual order, nothing that is not set."""

import json
from collections.abc import Iterable, Mapping
from textwrap import wrap
from typing import Any

Table = Mapping[str, Any]
"""Keys and values, in their order; None is left out."""

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def toml_of(sections: Mapping[str, Table | list[Table]], notes: Iterable[str]) -> str:
    """The file: `notes` as a comment, then each section; a list is an array of tables."""
    comment = [line for note in notes for line in wrap(note, 116, initial_indent="# - ", subsequent_indent="#   ")]
    parts = ["\n".join(["# Not carried over, or to be looked at:", *comment])] if comment else []
    for name, section in sections.items():
        if isinstance(section, list):
            parts += [f"[[{name}]]\n{_lines(table)}" for table in section]
        elif lines := _lines(section):
            parts.append(f"[{name}]\n{lines}")
    return "\n\n".join(parts) + "\n"


def _lines(table: Table) -> str:
    return "\n".join(f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None)


def _key(key: str) -> str:
    return key if key and _BARE.issuperset(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None) + " }"
        )
    if isinstance(value, list):
        if any(isinstance(each, Mapping) for each in value):
            return "[\n" + "".join(f"  {_value(each)},\n" for each in value) + "]"
        return "[" + ", ".join(_value(each) for each in value if each is not None) + "]"
    if isinstance(value, str):
        return _string(value)
    return json.dumps(value).lower()  # numbers and booleans are the same in both, but for NaN


def _string(text: str) -> str:
    """As JSON writes it, but for the one character more that TOML wants escaped."""
    return json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")
