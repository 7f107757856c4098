"""The mistakes of a config: what is wrong, and where."""

from collections.abc import Iterable

import msgspec

from sealink.config.toml_location import Path


class ConfigError(ValueError):
    """The mistakes of a config, each on a line with its place: `sealink.toml:12: …`."""


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong at a path of the TOML tree, `("models", 0, "id")`. The reader of the file adds name and line."""

    path: Path
    message: str


class Mistakes:
    """All that is wrong with a config. Reading goes on after a mistake, so that all are told at once."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []
        self._wrong: set[Path] = set()
        self._spellings: dict[Path, str] = {}

    def add(self, path: Path, message: str) -> None:
        self.found.append(Mistake(path, message))
        self._wrong.update(path[:length] for length in range(len(path) + 1))

    def misspelled(self, path: Path, written: str) -> None:
        """The last key of a path is written otherwise in the file."""
        self._spellings[path] = written

    def as_written(self, path: Path) -> Path:
        """The path with its keys as they are written in the file."""
        return tuple(self._spellings.get(path[: index + 1], step) for index, step in enumerate(path))

    def within(self, path: Path) -> bool:
        """Whether something is wrong there already: what may only follow from it need not be told as well."""
        return path in self._wrong


def did_you_mean(name: str, known: Iterable[str], quote: str = "{!r}") -> str:
    """`, did you mean 'x'?` where a known name is similar, else ""."""
    meant = similar(name, known)
    return f", did you mean {quote.format(meant)}?" if meant else ""


def similar(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, "" if there is none."""
    from difflib import get_close_matches  # only where there is a mistake

    spelled = {each.lower(): each for each in known}
    found = get_close_matches(name.lower().replace("-", "_"), spelled, 1) or get_close_matches(name.lower(), spelled, 1)
    return spelled[found[0]] if found else ""
