"""A plausible value for a JSON schema: the simulated model's tool arguments and structured answers.

A value is drafted from the schema's keywords and checked with the library jsonschema-rs. The parts that the check
rejects are drafted again, which `oneOf`, `not` and `if` may require. The same schema and seed give the same value.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from fractions import Fraction
from functools import reduce
from itertools import islice
from math import ceil, floor, inf
from operator import getitem
from random import Random
from typing import Any, Final
from uuid import UUID

from sealink.sim.pattern import UnsupportedPattern, matching_characters
from sealink.sim.schema import SchemaReader, UnusableSchema, validator_for

MAX_CHECKS: Final = 60
"""How often a value is checked before the schema is taken to be impossible to satisfy."""

MAX_SIZE: Final = 10_000
"""Longest array, in items, and longest string, in characters, that is drafted."""

ROOMY_DEPTH: Final = 4
"""Below this many levels, a value has only what is required."""

_Path = tuple[str | int, ...]  # ("cities", 0) is the path of value["cities"][0]


def value_for(schema: Any, rng: Random, words: Sequence[str] = ()) -> Any:
    """A valid value for `schema`. `words`, for instance names in the prompt, are preferred where any text is valid.

    Raises UnusableSchema.
    """
    reader = SchemaReader(schema, rng)
    parts, validator = reader.count_parts(), validator_for(schema)
    draft, errors = _Draft(reader, rng, words), []
    try:
        value = draft.value(schema, ())
        for _ in range(MAX_CHECKS):
            reader.take_steps(parts * draft.size // 1000)
            errors = list(islice(validator.iter_errors(value), MAX_SIZE))
            if not errors:
                return value
            value = draft.redrafted(value, {tuple(error.instance_path) for error in errors})
    except RecursionError:
        raise UnusableSchema("is nested too deeply, or without end") from None
    raise UnusableSchema(f"seems to be impossible to satisfy: {errors[0].message}")


class _Draft:
    """Drafts the parts of a value."""

    def __init__(self, reader: SchemaReader, rng: Random, words: Sequence[str]) -> None:
        self._reader = reader
        self._rng = rng
        self._words = words
        self._redrafts = 0
        self._schemas: dict[_Path, Any] = {}  # the schema of each part that was drafted

    @property
    def size(self) -> int:
        return len(self._schemas)

    def redrafted(self, value: Any, rejected: set[_Path]) -> Any:
        """`value` with the rejected parts drafted again. Every eighth time it is the parts that contain them, one level
        higher than the last time: a part may be rejected because of its neighbours."""
        self._redrafts += 1
        times, is_plain = divmod(self._redrafts, 8)
        places = {self._place(path if is_plain else path[: max(0, len(path) - times)]) for path in rejected}
        for place in sorted(places, key=repr):
            if any(place[:length] in places for length in range(len(place))):
                continue
            part = self.value(self._schemas[place], place)
            if not place:
                return part
            reduce(getitem, place[:-1], value)[place[-1]] = part
        return value

    def _place(self, path: _Path) -> _Path:
        while path not in self._schemas:  # inside a const or enum
            path = path[:-1]
        return path

    def value(self, schema: Any, path: _Path) -> Any:
        self._schemas[path] = schema
        is_roomy = len(path) < ROOMY_DEPTH
        flat = self._reader.flat(schema, is_roomy)
        if "const" in flat or flat.get("enum"):
            return deepcopy(flat["const"] if "const" in flat else self._rng.choice(flat["enum"]))
        match self._type(flat):
            case "object":
                return {name: self.value(each, (*path, name)) for name, each in self._members(flat, is_roomy).items()}
            case "array":
                return self._array(flat, path)
            case "string":
                return self._string(flat)
            case "boolean":
                return self._rng.random() < 0.5
            case "null":
                return None
            case name:
                return self._number(flat, is_whole=name == "integer")

    def _type(self, schema: dict[str, Any]) -> str:
        likely = "object" if "properties" in schema else "array" if "items" in schema else "string"
        types = schema.get("type") or likely
        if isinstance(types, list):
            types = self._rng.choice([name for name in types if name != "null"] or types)
        return str(types)

    def _members(self, schema: dict[str, Any], is_roomy: bool) -> dict[str, Any]:
        """The schemas of an object's members. The more often drafts were rejected, the fewer are optional."""
        properties, required = schema.get("properties", {}), schema.get("required", [])
        least, most = _least(schema, "minProperties"), schema.get("maxProperties", inf)
        pattern, other = next(iter(schema.get("patternProperties", {}).items()), (None, None))
        chance = 0.9 ** (1 + self._redrafts) if is_roomy else 0
        chosen = [name for name, each in properties.items() if each is not False and self._rng.random() < chance]
        names = list(dict.fromkeys([*required, *chosen]))[: int(max(len(required), min(most, MAX_SIZE)))]
        more = [self._matching(pattern) if pattern else f"note_{number}" for number in range(1, 2 * least + 1)]
        if len(names) < least:
            names = list(dict.fromkeys([*names, *properties, *more]))[:least]
        return {name: properties.get(name, other or schema.get("additionalProperties")) for name in names}

    def _array(self, schema: dict[str, Any], path: _Path) -> list[Any]:
        rest = schema.get("items")
        first = schema.get("prefixItems") or (rest if isinstance(rest, list) else [])
        contained = _least(schema, "minContains", 1) if "contains" in schema else 0
        least = max(_least(schema, "minItems"), contained)
        wanted = self._rng.randint(least, max(least, len(first), 2)) if len(path) < ROOMY_DEPTH else least
        size = int(min(wanted, schema.get("maxItems", wanted)))
        items: list[Any] = []
        for place, each in enumerate([*first, *[rest] * (size - len(first))][:size]):
            each = {"allOf": [each, schema["contains"]]} if place >= size - contained else each
            items.append(self.value(each, (*path, place)))
            for _ in range(MAX_CHECKS):
                if not schema.get("uniqueItems") or items[-1] not in items[:-1]:
                    break
                items[-1] = self.value(each, (*path, place))
        return items

    def _string(self, schema: dict[str, Any]) -> str:
        form = _FORMATS.get(schema.get("format", ""))
        if form is not None and ("pattern" not in schema or self._redrafts % 2 == 0):
            return form(self._rng)
        if "pattern" in schema:
            return self._matching(schema["pattern"])
        least, text = _least(schema, "minLength"), self._text()
        self._reader.take_steps(least // 100)
        while len(text) < least:
            text += f" {self._rng.choice(_WORDS)}"
        return text[: int(min(len(text), schema.get("maxLength", inf)))].rstrip().ljust(least, "s")

    def _text(self) -> str:
        return self._rng.choice(self._words if self._words and self._rng.random() < 0.9 else _WORDS)

    def _matching(self, pattern: str) -> str:
        text = ""
        try:
            for character in matching_characters(pattern, self._rng):
                self._reader.take_steps(1)
                text += character
        except UnsupportedPattern:
            return self._text()
        return text

    def _number(self, schema: dict[str, Any], *, is_whole: bool) -> int | float:
        """A number near zero if possible, from a range of a hundred; after rejections, from a wider one."""
        reach = 100 << self._redrafts // 4
        highs = [_exact(schema[key]) for key in ("maximum", "exclusiveMaximum") if key in schema]
        lows = [_exact(schema[key]) for key in ("minimum", "exclusiveMinimum") if key in schema]
        low = max([*lows, min([Fraction(0), *(high - reach for high in highs)])])
        high = min([*highs, low + reach])
        step = _exact(schema.get("multipleOf", 1 if is_whole else 0.01))
        if is_whole:
            step = Fraction(step.numerator)
        elif "multipleOf" not in schema and low < high:
            step = min(step, (high - low) / 10)
        least, most = ceil(low / step), floor(high / step)
        for _ in range(MAX_CHECKS):
            number = step * self._rng.randint(least, max(least, most))
            if number.denominator == 1:
                return int(number)
            if "multipleOf" not in schema or (float(number) / float(step)).is_integer():
                break  # some checkers divide floats: to them, 0.57 is not a multiple of 0.01
        return float(number)


def _least(schema: dict[str, Any], keyword: str, default: int = 0) -> int:
    return int(min(schema.get(keyword, default), MAX_SIZE))


def _exact(number: int | float) -> Fraction:
    """The decimal fraction that a number was written as: a tenth for 0.1."""
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


_WORDS: Final = [
    "harbour", "lantern", "tide", "signal", "anchor", "ferry", "chart", "pilot", "beacon", "mooring",
    "current", "voyage", "cable", "compass", "lighthouse", "quay", "sailor", "island", "breeze", "horizon",
]  # fmt: skip


def _moment(rng: Random) -> str:
    return datetime.fromtimestamp(rng.randrange(1_600_000_000, 1_900_000_000), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Names and addresses that are reserved for examples: RFC 2606, RFC 5737, RFC 3849.
_FORMATS: Final[dict[str, Callable[[Random], str]]] = {
    "date-time": _moment,
    "date": lambda rng: _moment(rng)[:10],
    "time": lambda rng: _moment(rng)[11:],
    "duration": lambda rng: f"PT{rng.randint(1, 59)}M",
    "email": lambda rng: f"{rng.choice(_WORDS)}@example.com",
    "hostname": lambda rng: f"{rng.choice(_WORDS)}.example.com",
    "ipv4": lambda rng: f"192.0.2.{rng.randint(1, 254)}",
    "ipv6": lambda rng: f"2001:db8::{rng.randint(1, 0xFFFF):x}",
    "uri": lambda rng: f"https://example.com/{rng.choice(_WORDS)}",
    "json-pointer": lambda rng: f"/{rng.choice(_WORDS)}",
    "uuid": lambda rng: str(UUID(int=rng.getrandbits(128), version=4)),
}
