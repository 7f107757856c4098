"""A mistake in a config: what is wrong, and where."""

import re

import msgspec


class ConfigError(Exception):
    """A mistake in a config, with its place: `sealink.toml:12: …`."""


class MistakeError(Exception):
    """A mistake at a path of the TOML tree, `$.models[0].id`. The reader of the file adds its name and the line."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def mistake_of(error: msgspec.ValidationError) -> MistakeError:
    """A mistake that msgspec found. Its path is that of the table; an unknown field is named in the message only."""
    found, _, place = str(error).partition(" - at ")
    path = re.search(r"\$[^`]*", place)
    field = re.search(r"unknown field `(.+?)`", found)
    return MistakeError((path[0] if path else "$") + (f".{field[1]}" if field else ""), str(error))
