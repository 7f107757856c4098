"""How a mistake in a config is told."""

import re

import msgspec


class ConfigError(Exception):
    """A mistake in a config, with the place it stands at: `sealink.toml:12: …`."""


class MistakeError(Exception):
    """A mistake at a path of the TOML tree, `$.models[0].id`; who reads the file adds its name and the line."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def mistake_of(error: msgspec.ValidationError) -> MistakeError:
    """What msgspec found. It names an unknown or a missing field, or a wrong key, apart from the table."""
    words, _, place = str(error).partition(" - at ")
    path = re.search(r"\$[^`]*", place)
    field = re.search(r"unknown field `(.+?)`", words)
    return MistakeError((path[0] if path else "$") + (f".{field[1]}" if field else ""), str(error))
