"""Whether a value is what a JSON schema asks for (draft 2020-12, and `definitions` of older ones).

Covers the keywords that a schema for a tool or a structured answer uses. `format` is not looked at, and
`$ref` is followed inside the schema only. A keyword whose own value makes no sense asks for nothing.
"""

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Final, TypeGuard

from sealink.sim.pattern import matches
from sealink.sim.pattern_reader import UnsupportedPattern, parse

MAX_DEPTH: Final = 64
"""Schemas within schemas; what lies deeper is taken to be satisfied."""

FAR_OUT: Final = 10**15
"""Numbers beyond this, either way, are not calculated with."""


MAX_STEPS: Final = 20_000
"""Parts of a value held against parts of a schema; a checker that has done so many finds nothing more to object to.
References make a short schema endless."""


def satisfies(value: object, schema: object) -> bool:
    """Whether `value` is what a whole schema asks for."""
    return Checker(schema).satisfies(value, schema)


class Checker:
    """Holds values against a schema or parts of it. `root` is what `$ref` is resolved in."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._left = MAX_STEPS

    def satisfies(self, value: object, schema: object, depth: int = 0) -> bool:
        if not isinstance(schema, dict):
            return schema is not False
        self._left -= 1
        if depth > MAX_DEPTH or self._left <= 0:
            return True

        def ok(value: object, schema: object) -> bool:
            return self.satisfies(value, schema, depth + 1)

        return (
            _is_allowed(value, schema)
            and _is_combined(value, schema, ok)
            and ("$ref" not in schema or ok(value, resolved(schema["$ref"], self._root)))
            and (not isinstance(value, dict) or _is_object(value, schema, ok))
            and (not isinstance(value, list) or _is_array(value, schema, ok))
            and (not isinstance(value, str) or _is_string(value, schema))
            and (not is_number(value) or _is_in_range(value, schema))
        )


def resolved(ref: object, root: object) -> object:
    """The part of `root` that `ref` points to (`#/$defs/Point`); True, which asks for nothing, if there is none."""
    if not isinstance(ref, str) or not ref.startswith("#"):
        return True
    found = root
    for name in ref[1:].split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return True
    return found


def types_of(schema: dict[str, object]) -> list[str]:
    """The types that a schema names, [] if it names none."""
    types = schema.get("type")
    named = types if isinstance(types, list) else [types]
    return [name for name in named if isinstance(name, str) and name in _TYPES]


def as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def as_dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def number_in(schema: dict[str, object], keyword: str) -> float | int | None:
    """A limit that the schema sets; None as well for one so far out that it limits nothing (2⁶³, say)."""
    value = schema.get(keyword)
    return value if is_number(value) and abs(value) <= FAR_OUT else None


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: object, right: object) -> bool:
    """As JSON sees it: 1 is 1.0, but true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return left == right


def pattern_matches(pattern: object, text: str) -> bool:
    """True as well for a pattern that is not covered."""
    if not isinstance(pattern, str):
        return True
    try:
        return matches(parse(pattern), text)
    except UnsupportedPattern:
        return True


_TYPES: Final[dict[str, Callable[[object], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": is_number,
    "integer": lambda value: is_number(value) and value % 1 == 0,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}

_Check = Callable[[object, object], bool]


def _is_allowed(value: object, schema: dict[str, object]) -> bool:
    types, enum = types_of(schema), schema.get("enum")
    return (
        (not types or any(_TYPES[name](value) for name in types))
        and (not isinstance(enum, list) or any(equal(value, member) for member in enum))
        and ("const" not in schema or equal(value, schema["const"]))
    )


def _is_combined(value: object, schema: dict[str, object], ok: _Check) -> bool:
    any_of, one_of = as_list(schema.get("anyOf")), as_list(schema.get("oneOf"))
    condition = "then" if "if" in schema and ok(value, schema["if"]) else "else"
    return (
        all(ok(value, branch) for branch in as_list(schema.get("allOf")))
        and (not any_of or any(ok(value, branch) for branch in any_of))
        and (not one_of or sum(ok(value, branch) for branch in one_of) == 1)
        and ("not" not in schema or not ok(value, schema["not"]))
        and ("if" not in schema or ok(value, schema.get(condition, True)))
    )


def _is_object(value: dict[str, object], schema: dict[str, object], ok: _Check) -> bool:
    properties, patterns = as_dict(schema.get("properties")), as_dict(schema.get("patternProperties"))
    dependents = as_dict(schema.get("dependentRequired"))
    return (
        _is_sized(len(value), schema, "minProperties", "maxProperties")
        and _are_present(schema.get("required"), value)
        and all(_are_present(names, value) for name, names in dependents.items() if name in value)
        and all(ok(value, each) for name, each in as_dict(schema.get("dependentSchemas")).items() if name in value)
        and all(ok(value[name], each) for name, each in properties.items() if name in value)
        and all(ok(name, schema.get("propertyNames", True)) for name in value)
        and all(
            ok(member, each)
            for pattern, each in patterns.items()
            for name, member in value.items()
            if pattern_matches(pattern, name)
        )
        and all(
            ok(member, schema.get("additionalProperties", True))
            for name, member in value.items()
            if name not in properties and not any(pattern_matches(pattern, name) for pattern in patterns)
        )
    )


def _are_present(names: object, value: dict[str, object]) -> bool:
    return all(name in value for name in as_list(names) if isinstance(name, str))


def _is_array(value: list[object], schema: dict[str, object], ok: _Check) -> bool:
    first = tuple_schemas(schema)
    rest = schema.get("items", True)
    return (
        _is_sized(len(value), schema, "minItems", "maxItems")
        and all(map(ok, value, first))
        and (isinstance(rest, list) or all(ok(member, rest) for member in value[len(first) :]))
        and (schema.get("uniqueItems") is not True or are_unique(value))
        and ("contains" not in schema or _contains(value, schema, ok))
    )


def tuple_schemas(schema: dict[str, object]) -> list[object]:
    """The schemas of an array's first items: `prefixItems`, or a list in `items`, as older drafts have it."""
    return as_list(schema.get("prefixItems")) or as_list(schema.get("items"))


def are_unique(values: list[object]) -> bool:
    return not any(equal(value, other) for at, value in enumerate(values) for other in values[:at])


def _contains(value: list[object], schema: dict[str, object], ok: _Check) -> bool:
    found = sum(ok(member, schema["contains"]) for member in value)
    least, most = number_in(schema, "minContains"), number_in(schema, "maxContains")
    return found >= (1 if least is None else least) and (most is None or found <= most)


def _is_string(value: str, schema: dict[str, object]) -> bool:
    return _is_sized(len(value), schema, "minLength", "maxLength") and pattern_matches(schema.get("pattern"), value)


def _is_sized(size: int, schema: dict[str, object], least: str, most: str) -> bool:
    low, high = number_in(schema, least), number_in(schema, most)
    return (low is None or size >= low) and (high is None or size <= high)


def _is_in_range(value: int | float, schema: dict[str, object]) -> bool:
    limits: Iterable[tuple[str, Callable[[float], bool]]] = (
        ("minimum", lambda limit: value >= limit),
        ("maximum", lambda limit: value <= limit),
        ("exclusiveMinimum", lambda limit: value > limit),
        ("exclusiveMaximum", lambda limit: value < limit),
        ("multipleOf", lambda step: step <= 0 or _is_multiple(value, step)),
    )
    return all(within(limit) for keyword, within in limits if (limit := number_in(schema, keyword)) is not None)


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    if abs(value) > FAR_OUT:
        return True
    quotient = value / step
    return isfinite(quotient) and quotient == int(quotient)
