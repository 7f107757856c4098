"""Reads and checks a sealink.toml. All mistakes in it are told at once, each as file:line."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sealink.config.checks import check, warnings_of
from sealink.config.defaults import with_absolute_paths, with_collector, with_key, with_resolved_providers
from sealink.config.environment import VARIABLES
from sealink.config.mistakes import ConfigError, Mistake, Mistakes
from sealink.config.no_file import providers_in
from sealink.config.sections import Config, ConfigFile, KeyConfig, TeamConfig
from sealink.config.served_models import with_models
from sealink.config.tables import TableReader
from sealink.config.toml_location import Lines
from sealink.config.toml_location import Path as TomlPath

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def load(path: Path, variables: Mapping[str, str] = VARIABLES) -> Config:
    """Read and check a file. Raises ConfigError with the lines at fault."""
    return load_with_warnings(path, variables)[0]


def load_with_warnings(path: Path, variables: Mapping[str, str] = VARIABLES) -> tuple[Config, list[str]]:
    """As `load`, with what is probably not meant, each as file:line."""
    return _read(_text_of(path), variables, path)


def parse(text: str, variables: Mapping[str, str], folder: Path) -> Config:
    """As `load`, for the text of a file in `folder`, from which its relative paths start."""
    return _read(text, variables, folder / "sealink.toml")[0]


def _read(text: str, variables: Mapping[str, str], path: Path) -> tuple[Config, list[str]]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at line ")
        line = int(place.partition(",")[0]) if place else text.count("\n") + 1
        raise ConfigError(f"{path}:{line}: this is not TOML: {message}") from error
    mistakes = Mistakes()
    config = _checked(tree, variables, path.parent, mistakes)
    if mistakes.found:
        found = [msgspec.structs.replace(each, path=mistakes.as_written(each.path)) for each in mistakes.found]
        raise ConfigError("\n".join(_placed(found, path, text)))
    config = msgspec.structs.replace(config, places=_places(config, path, text))
    return with_key(config, variables), _placed(warnings_of(config), path, text)


def _checked(tree: dict[str, Any], variables: Mapping[str, str], folder: Path, mistakes: Mistakes) -> Config:
    """The config of a tree. It can be used if there is no mistake."""
    read = TableReader(ConfigFile, mistakes).read(ConfigFile, _Variables(variables, mistakes).expand(tree, ()))
    config = Config(**{name: getattr(read, name) for name in ConfigFile.__struct_fields__})
    if not config.providers and not config.models:
        config = msgspec.structs.replace(config, providers=providers_in(variables))
    config = with_resolved_providers(with_collector(config, variables), variables, folder, mistakes)
    check(config, mistakes)
    return with_absolute_paths(with_models(config), folder)


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8") from error


def _placed(mistakes: Iterable[Mistake], path: Path, text: str) -> list[str]:
    """The mistakes with their lines, in the order of these."""
    lines = Lines(text)
    placed = sorted({(lines.of(mistake.path), mistake.message): None for mistake in mistakes}, key=lambda each: each[0])
    return [f"{path}:{line}: {' '.join(message.splitlines())}" for line, message in placed]


def _places(config: Config, path: Path, text: str) -> dict[str, str]:
    """Where each key and each team stands."""
    lines = Lines(text)
    tables: dict[str, Sequence[KeyConfig | TeamConfig]] = {"keys": config.keys, "teams": config.teams}
    return {
        f"{table}.{entry.name}": f"{path}:{lines.of((table, index))}"
        for table, entries in tables.items()
        for index, entry in enumerate(entries)
    }


class _Variables:
    """Puts the environment's variables where a file names them."""

    def __init__(self, variables: Mapping[str, str], mistakes: Mistakes) -> None:
        self._variables = variables
        self._mistakes = mistakes

    def expand(self, value: Any, path: TomlPath) -> Any:
        """The tree with each `${NAME}` in its strings replaced. A variable that is not set stays as it is written."""
        if isinstance(value, dict):
            return {key: self.expand(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.expand(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, float) and not math.isfinite(value):
            self._mistakes.add(path, f"{value} is not a finite number")
            return None
        if not isinstance(value, str):
            return value
        for name in _VARIABLE.findall(value):
            if name not in self._variables:
                self._mistakes.add(path, f"the environment variable {name} is not set")
        return _VARIABLE.sub(lambda match: self._variables.get(match[1], match[0]), value)
