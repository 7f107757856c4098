"""The rules of a key or team after a change, checked. What is wrong is raised as InvalidRequest, naming the field."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from sealink.access.checks import wrong_name, wrong_rules
from sealink.access.keys import KeyRules, TeamRules, fields_of
from sealink.errors import InvalidRequest

Rules = TypeVar("Rules", KeyRules, TeamRules)


def changed(kind: type[Rules], before: KeyRules | TeamRules | None, changes: Mapping[str, object]) -> Rules:
    """The rules with some fields changed; None takes a field back to its default. Raises InvalidRequest."""
    for name in changes:
        if name not in kind.__struct_fields__:
            raise InvalidRequest(f"There is no field {name!r}.", code="unknown_parameter", param=name)
    fields = {} if before is None else msgspec.to_builtins(fields_of(before, kind))
    given = {name: value for name, value in {**fields, **changes}.items() if value is not None}
    try:
        rules = msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise wrong_type(error) from error
    check_rules(rules)
    return rules


def wrong_type(error: msgspec.ValidationError) -> InvalidRequest:
    """A mistake that msgspec found, with its field."""
    found, _, place = str(error).partition(" - at ")
    field = re.search(r"\$\.(\w+)", place) or re.search(r"field `(\w+)`", found)
    return InvalidRequest(str(error), code="invalid_type", param=field[1] if field else None)


def check_name(name: str) -> None:
    """Raises InvalidRequest if a key or team cannot have this name."""
    if (wrong := wrong_name(name)) is not None:
        raise InvalidRequest(wrong, code="invalid_value", param="name")


def check_rules(rules: KeyRules | TeamRules) -> None:
    """Raises InvalidRequest for the first field that cannot work."""
    for field, wrong in wrong_rules(rules):
        raise InvalidRequest(wrong, code="invalid_value", param=field)
