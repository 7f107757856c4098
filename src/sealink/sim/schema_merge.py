"""Two JSON schemas as one that asks for what both ask for, as far as a value for it can be drafted from that."""

from collections.abc import Callable
from typing import Final

from sealink.sim.schema_check import as_dict, as_list, equal, number_in


def merged(left: dict[str, object], right: dict[str, object]) -> dict[str, object]:
    """A schema that asks for what both ask for."""
    merged = {**left, **right}
    for keyword in left.keys() & right.keys():
        merged[keyword] = _MERGES.get(keyword, _later)(left[keyword], right[keyword])
    return merged


def _later(left: object, right: object) -> object:
    return right


def _both(left: object, right: object) -> object:
    return left if equal(left, right) else {"allOf": [left, right]}


def _all_properties(left: object, right: object) -> object:
    ours, theirs = as_dict(left), as_dict(right)
    return {**ours, **{key: _both(ours[key], each) if key in ours else each for key, each in theirs.items()}}


def _common(left: object, right: object) -> object:
    ours, theirs = (each if isinstance(each, list) else [each] for each in (left, right))
    shared = [member for member in ours if any(equal(member, other) for other in theirs)]
    if not shared and {"integer", "number"} <= {*map(str, ours), *map(str, theirs)}:
        return "integer"
    return shared or ours


def _all_names(left: object, right: object) -> object:
    return [*as_list(left), *as_list(right)]


def _greater(left: object, right: object) -> object:
    return max(number_in({"": left}, "") or 0, number_in({"": right}, "") or 0)


def _lesser(left: object, right: object) -> object:
    return min(number_in({"": left}, "") or 0, number_in({"": right}, "") or 0)


_MERGES: Final[dict[str, Callable[[object, object], object]]] = {
    "type": _common,
    "enum": _common,
    "required": _all_names,
    "properties": _all_properties,
    "patternProperties": _all_properties,
    "items": _both,
    "additionalProperties": _both,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), _greater),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), _lesser),
}
