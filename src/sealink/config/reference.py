"""docs/configuration.md, from the docstrings of the config's structs: `python -m sealink.config.reference`."""

import ast
import inspect
from collections.abc import Iterator
from textwrap import dedent, fill
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec

from sealink.config.sections import ConfigFile, Timed, TimeoutsConfig
from sealink.config.tables import choices_of, is_array_of_tables, table_type
from sealink.providers.provider import Timeouts

PAGE: Final = """\
# Configuration

SeaLink reads `./sealink.toml`, or the file that `--config` names. Everything in it is optional. Without a file, the
providers are those whose keys are in the usual environment variables ([providers.md](providers.md)), and the simulated
model `sealink/sim` is there.

```sh
sealink check --config sealink.toml
```

shows what each model would use and what it costs; or every mistake in the file, each as `FILE:LINE: what`, and exits
with 1. What can be, but is probably not meant, is a warning: a key's pattern of models that fits no model, say.

- `${NAME}` in a text stands for the environment variable; one that is not set is a mistake. Keep keys there.
- Paths start from the folder of the file.
- Times are in seconds (`_s`), sizes in bytes (`_bytes`), money in US dollars (`_usd`), shares from 0 to 1.
- An unknown key is a mistake, so that a misspelled limit cannot go unnoticed.

**Models.** With `[[providers]]` and no `[[models]]`, the models are those that the providers serve: of known vendors by
their own names (`claude-sonnet-4-6`, and whatever fits `claude-*`), of all providers as `provider/model`
(`mine/qwen3`), and with a single provider of which no names are known, all names. Where two providers serve a name,
the first is used. As soon as there are `[[models]]`, they are all there are. With neither, the providers are those of
the environment.

**Keys.** Without `[[keys]]`, the key is the environment variable `SEALINK_API_KEY`, or one that `sealink serve` makes,
prints, and keeps for the next start in the file `dev-key` (readable by its owner only). More keys can be made while
SeaLink runs ([keys.md](keys.md)).

This page is written by `make docs` from the docstrings of the settings.
"""

_LIMITS: Final = {"gt": "> {}", "ge": "≥ {}", "lt": "< {}", "le": "≤ {}"}
_KINDS: Final = {str: "text", int: "whole number", float: "number", bool: "`true`, `false`"}
_MIB: Final = 1024 * 1024


def page() -> str:
    """The whole page."""
    return PAGE + "".join(
        line for field in msgspec.structs.fields(ConfigFile) for line in _table(field.name, field.type)
    )


def settings() -> Iterator[tuple[str, type[msgspec.Struct], msgspec.structs.FieldInfo]]:
    """Every setting: its table's name, the struct that it is in, and its field."""
    for field in msgspec.structs.fields(ConfigFile):
        yield from _settings_of(field.name, field.type)


def _settings_of(name: str, kind: Any) -> Iterator[tuple[str, type[msgspec.Struct], msgspec.structs.FieldInfo]]:
    struct = table_type(kind)
    assert struct is not None
    for field in _own_fields(struct):
        yield name, struct, field
        if table_type(field.type):
            yield from _settings_of(f"{name}.{field.encode_name}", field.type)


def _own_fields(struct: type[msgspec.Struct]) -> list[msgspec.structs.FieldInfo]:
    """The fields of a table, its own before those of its bases; without the timers that providers and models have like
    [timeouts]."""
    timers = set(Timed.__struct_fields__) if issubclass(struct, Timed) else set()
    bases = [base for base in struct.__mro__ if issubclass(base, msgspec.Struct) and base is not msgspec.Struct]
    owners = {name: index for index, base in reversed([*enumerate(bases)]) for name in base.__annotations__}
    fields = [field for field in msgspec.structs.fields(struct) if field.name not in timers]
    return sorted(fields, key=lambda field: owners[field.name])


def _table(name: str, kind: Any) -> Iterator[str]:
    """The section of one table, and of those in it."""
    struct = table_type(kind)
    assert struct is not None
    header = f"[[{name}]]" if is_array_of_tables(kind) else f"[{name}]"
    yield f"\n## {header}\n\n{_intro(struct)}\n"
    if issubclass(struct, Timed):
        yield "\nThe four timers of [timeouts] may stand here too, as keys of their own or in a table `timeouts`.\n"
    yield "\n| setting | value | default | meaning |\n|---|---|---|---|\n"
    for field in _own_fields(struct):
        meaning = documentation(struct, field.name)
        cells = (f"`{field.encode_name}`", _value(field.type), _default(struct, field), meaning)
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"
    for field in _own_fields(struct):
        if table_type(field.type):
            yield from _table(f"{name}.{field.encode_name}", field.type)


def _intro(struct: type[msgspec.Struct]) -> str:
    """A struct's docstring without the table's name that it begins with."""
    text = inspect.getdoc(struct) or ""
    if text.startswith("["):
        text = text.partition(": ")[2]
    paragraphs = (fill(" ".join(part.split()), 120) for part in (text[:1].upper() + text[1:]).split("\n\n"))
    return "\n\n".join(paragraphs)


def documentation(struct: type[msgspec.Struct], field: str) -> str:
    """The docstring below a field, "" if it has none."""
    return next((docs[field] for each in struct.__mro__ if field in (docs := _docstrings(each))), "")


def _docstrings(struct: type) -> dict[str, str]:
    """The fields that a class declares itself, each with its docstring."""
    if not issubclass(struct, msgspec.Struct) or struct is msgspec.Struct:
        return {}
    (definition,) = ast.parse(dedent(inspect.getsource(struct))).body
    assert isinstance(definition, ast.ClassDef)
    docs = {}
    for statement, following in zip(definition.body, [*definition.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = following.value if isinstance(following, ast.Expr) else None
            told = text.value if isinstance(text, ast.Constant) and isinstance(text.value, str) else ""
            docs[statement.target.id] = " ".join(told.split())
    return docs


def _value(kind: Any) -> str:
    """What a setting may be."""
    origin, arguments = get_origin(kind), get_args(kind)
    if choices := choices_of(kind):
        listed = ", ".join(f'`"{choice}"`' for choice in choices)
        return f"table of {listed}" if origin is dict else listed
    if origin in (Union, UnionType):
        return _value(next(each for each in arguments if each is not type(None)))
    if origin is Annotated:
        bounds = (
            form.format(bound)
            for meta in arguments[1:]
            for name, form in _LIMITS.items()
            if (bound := getattr(meta, name, None)) is not None
        )
        return " ".join([_value(arguments[0]), ", ".join(bounds)])
    if table_type(kind):
        return "tables" if is_array_of_tables(kind) else "table"
    if origin is tuple:
        return "array of texts"
    return "table of texts" if origin is dict else _KINDS.get(kind, kind.__name__)


def _default(struct: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> str:
    """The default as it would be written in the file, "" where there is none to write."""
    if field.required:
        return "required"
    default = getattr(Timeouts(), field.name) if struct is TimeoutsConfig else field.default
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, int) and default >= _MIB and default % _MIB == 0:
        return f"`{default}` ({default // _MIB} MiB)"
    if isinstance(default, int | float):
        return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
    if isinstance(default, tuple) and default:
        return f"`{list(default)}`".replace("'", '"')
    return f'`"{default}"`' if isinstance(default, str) and default else ""


if __name__ == "__main__":
    print(page(), end="")
