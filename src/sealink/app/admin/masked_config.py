"""The config in force as it may be shown: without what is secret."""

import re
from typing import Any, Final

import msgspec

from sealink.admin.shapes import Section, Setting
from sealink.config.sections import Config, ConfigFile
from sealink.console.formats import MASK, masked_url

_SECRET: Final = re.compile(r"(^|_)(key|secret|token|password)$")
_SECRET_VALUES: Final = ("headers",)
"""Tables whose every value may be one."""


def masked(config: Config) -> list[Section]:
    """The tables of the config, each with its settings; those of arrays without what is not set."""
    found = []
    for field in msgspec.structs.fields(ConfigFile):
        value = getattr(config, field.encode_name)
        if isinstance(value, tuple):
            found += [Section(f"[[{field.name}]]", _settings(table, only_set=True)) for table in value]
        else:
            found.append(Section(f"[{field.name}]", _settings(value, only_set=False)))
    return found


def _settings(table: msgspec.Struct, *, only_set: bool) -> list[Setting]:
    settings = []
    for field in msgspec.structs.fields(type(table)):
        value = getattr(table, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        is_set = value != default
        if is_set or not only_set:
            settings.append(Setting(field.name, _shown(field.name, msgspec.to_builtins(value)), is_set))
    return settings


def _shown(name: str, value: Any) -> str:
    value = _without_secrets(name, value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _without_secrets(name: str, value: Any) -> Any:
    match value:
        case dict():
            is_secret = name in _SECRET_VALUES
            return {key: MASK if is_secret else _without_secrets(key, each) for key, each in value.items()}
        case list() | tuple():
            return [_without_secrets(name, each) for each in value]
        case str() if value and _SECRET.search(name):
            return MASK
        case str() if "://" in value:
            return masked_url(value)
    return value
