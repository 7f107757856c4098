"""Reads and checks a sealink.toml; a mistake is reported as file:line."""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sealink.config.checks import check_access, check_keys, check_names, check_prices, check_providers, check_store
from sealink.config.defaults import with_absolute_paths, with_key, with_resolved_providers
from sealink.config.environment import VARIABLES
from sealink.config.mistakes import ConfigError, MistakeError, mistake_of
from sealink.config.sections import Config, ConfigFile, KeyConfig, TeamConfig
from sealink.config.toml_location import line_of

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def load(path: Path, variables: Mapping[str, str] = VARIABLES) -> Config:
    """Read and check a file. Raises ConfigError with the line at fault."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8") from error
    try:
        config = parse(text, variables, path.parent)
        return with_key(msgspec.structs.replace(config, places=_places(config, text, path)), variables)
    except tomllib.TOMLDecodeError as error:
        line_found = re.search(r"line (\d+)", str(error))
        raise ConfigError(f"{path}:{line_found[1] if line_found else text.count(chr(10)) + 1}: {error}") from error
    except MistakeError as mistake:
        raise ConfigError(f"{path}:{line_of(text, mistake.path)}: {mistake}") from mistake


def parse(text: str, variables: Mapping[str, str], folder: Path) -> Config:
    """Read and check the text of a file in `folder`, from which its relative paths start."""
    tree = _expand(tomllib.loads(text), variables, "$")
    try:
        read = msgspec.convert(tree, ConfigFile, strict=True)
    except msgspec.ValidationError as error:
        raise mistake_of(error) from error
    config = Config(**{name: getattr(read, name) for name in ConfigFile.__struct_fields__})
    check_names(config)
    check_keys(config)
    check_access(config)
    config = with_resolved_providers(config, variables, folder)
    check_providers(config)
    check_prices(config)
    check_store(config)
    return with_absolute_paths(config, folder)


def _places(config: Config, text: str, path: Path) -> dict[str, str]:
    """Where each key and each team stands."""
    tables: dict[str, Sequence[KeyConfig | TeamConfig]] = {"keys": config.keys, "teams": config.teams}
    return {
        f"{table}.{entry.name}": f"{path}:{line_of(text, f'$.{table}[{index}]')}"
        for table, entries in tables.items()
        for index, entry in enumerate(entries)
    }


def _expand(value: Any, variables: Mapping[str, str], path: str) -> Any:
    """The tree with each `${NAME}` in its strings replaced from the environment."""
    if isinstance(value, dict):
        return {key: _expand(item, variables, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, variables, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise MistakeError(path, f"{value} is not a finite number")
    if not isinstance(value, str):
        return value
    for name in _VARIABLE.findall(value):
        if name not in variables:
            raise MistakeError(path, f"the environment variable {name} is not set")
    return _VARIABLE.sub(lambda match: variables[match[1]], value)
