"""A plausible value for a JSON schema: what the simulated model fills tool arguments and structured answers with.

A value is drafted from the schema's keywords, and checked with the library jsonschema-rs; what the check rejects is
drafted again, as `oneOf`, `not` and `if` may make necessary. The same schema and seed give the same value.
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
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote
from uuid import UUID

from sealink.sim.pattern import UnsupportedPattern, matching_characters

if TYPE_CHECKING:
    from jsonschema_rs import Validator

MAX_STEPS: Final = 100_000
"""How much work one value may be. A step is to read a part of the schema, to write a character for a `pattern`, or a
thousand comparisons of a part of the value with a part of the schema."""

MAX_CHECKS: Final = 60
"""How often a value is checked, and what was rejected drafted again."""

MAX_SIZE: Final = 10_000
"""Longest array, in items, and longest string, in characters, that is drafted."""

ROOMY_DEPTH: Final = 4
"""From this level of a value on, only what is required is filled in."""

_Path = tuple[str | int, ...]  # ("cities", 0) is where value["cities"][0] stands


class UnusableSchema(Exception):
    """No value can be given for the schema; says why, after "The schema"."""


def value_for(schema: Any, rng: Random, words: Sequence[str] = ()) -> Any:
    """A valid value for `schema`. `words` (names in the prompt, say) are preferred where any text will do.

    Raises UnusableSchema.
    """
    draft = _Draft(schema, rng, words)
    parts, validator = draft.count_parts(), _validator(schema)
    try:
        value, errors = draft.value(schema, ()), []
        for _ in range(MAX_CHECKS):
            draft.take_steps(parts * draft.size // 1000)
            errors = list(islice(validator.iter_errors(value), MAX_SIZE))
            if not errors:
                return value
            value = draft.redrafted(value, {tuple(error.instance_path) for error in errors})
    except RecursionError:
        raise UnusableSchema("is nested too deeply, or without end") from None
    raise UnusableSchema(f"seems to be impossible to satisfy: {errors[0].message}")


def _validator(schema: Any) -> "Validator":
    import jsonschema_rs  # here, as it takes 20 ms and 9 MiB, and few who start SeaLink need it

    is_older = isinstance(schema, dict) and "draft-0" in str(schema.get("$schema"))
    dialect = jsonschema_rs.Draft7Validator if is_older else jsonschema_rs.Draft202012Validator
    try:
        return dialect(schema, validate_formats=False, offline=True)
    except ValueError as error:
        raise UnusableSchema(f"is not valid: {getattr(error, 'message', error)}") from None


class _Draft:
    """Drafts a value, part by part."""

    def __init__(self, root: Any, rng: Random, words: Sequence[str]) -> None:
        self._root = root
        self._rng = rng
        self._words = words
        self._steps = 0
        self._redrafts = 0
        self._schemas: dict[_Path, Any] = {}  # by which each part was drafted

    @property
    def size(self) -> int:
        return len(self._schemas)

    def take_steps(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise UnusableSchema(f"is too large: it takes more than {MAX_STEPS:,} steps to find a value for it")

    def count_parts(self) -> int:
        """The size of the schema with its references followed, except within themselves."""
        parts, waiting = 0, [(self._root, frozenset[str]())]
        while waiting:
            part, followed = waiting.pop()
            parts += 1
            self.take_steps(1 + len(followed) // 100)
            if isinstance(part, dict):
                ref, is_base = part.get("$ref"), isinstance(part.get("$id"), str) and part is not self._root
                if is_base or isinstance(part.get("$dynamicRef"), str):
                    raise UnusableSchema("has a $dynamicRef or an $id within, which is not supported here")
                if isinstance(ref, str) and ref not in followed:
                    waiting.append((self._resolved(ref), followed | {ref}))
            children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
            waiting += [(child, followed) for child in children]
        return parts

    def _resolved(self, ref: str) -> Any:
        """What a JSON pointer (RFC 6901) leads to."""
        start, *names = (unquote(name).replace("~1", "/").replace("~0", "~") for name in ref.split("/"))
        try:
            found = reduce(lambda part, name: part[int(name) if isinstance(part, list) else name], names, self._root)
        except (LookupError, TypeError, ValueError):
            found = None
        if start != "#" or found is None:
            raise UnusableSchema(f"has a reference that is not supported here: {ref}")
        return found

    def redrafted(self, value: Any, rejected: set[_Path]) -> Any:
        """`value` with what was rejected drafted again; every eighth time with more around it than the last time."""
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
        flat = self._flat(schema, is_roomy)
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

    def _flat(self, schema: Any, is_roomy: bool, followed: frozenset[str] = frozenset()) -> dict[str, Any]:
        """`schema` without references and combinations: one alternative of each, merged with the rest."""
        self.take_steps(1)
        if not isinstance(schema, dict):
            return {}
        self.take_steps(sum(len(each) for each in schema.values() if isinstance(each, list | dict)) // 100)
        parts = list(schema.get("allOf", []))
        if "$ref" in schema and schema["$ref"] not in followed:
            parts.append(self._resolved(schema["$ref"]))
            followed |= {schema["$ref"]}
        parts += [self._alternative(schema[key], is_roomy) for key in ("anyOf", "oneOf") if key in schema]
        if "if" in schema:
            parts += self._rng.choice([[schema["if"], schema.get("then")], [schema.get("else")]])
        own = {key: each for key, each in schema.items() if key not in _COMBINATIONS}
        return reduce(_merged, [self._flat(part, is_roomy, followed) for part in parts], own)

    def _alternative(self, options: list[Any], is_roomy: bool) -> Any:
        if is_roomy:
            return self._rng.choice([option for option in options if option != {"type": "null"}] or options)
        return min(options, key=lambda option: (self._references(option), self._rng.random()))

    def _references(self, option: Any) -> int:
        """How many references an alternative has: the one with the fewest is likely to end a recursion."""
        is_reference = isinstance(option, dict) and "$ref" in option
        text = repr(self._resolved(option["$ref"]) if is_reference else option)
        self.take_steps(len(text) // 1000)
        return text.count("'$ref'")

    def _type(self, schema: dict[str, Any]) -> str:
        likely = "object" if "properties" in schema else "array" if "items" in schema else "string"
        types = schema.get("type") or likely
        if isinstance(types, list):
            types = self._rng.choice([name for name in types if name != "null"] or types)
        return str(types)

    def _members(self, schema: dict[str, Any], is_roomy: bool) -> dict[str, Any]:
        """The schemas of an object's members."""
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
        self.take_steps(least // 100)
        while len(text) < least:
            text += f" {self._rng.choice(_WORDS)}"
        return text[: int(min(len(text), schema.get("maxLength", inf)))].rstrip().ljust(least, "s")

    def _text(self) -> str:
        return self._rng.choice(self._words if self._words and self._rng.random() < 0.9 else _WORDS)

    def _matching(self, pattern: str) -> str:
        text = ""
        try:
            for character in matching_characters(pattern, self._rng):
                self.take_steps(1)
                text += character
        except UnsupportedPattern:
            return self._text()
        return text

    def _number(self, schema: dict[str, Any], *, is_whole: bool) -> int | float:
        """A number from a range of a hundred or, after rejections, more; near zero if it may be."""
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
                break  # 0.57, say, is not a multiple of 0.01 for a checker that divides floats
        return float(number)


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """One schema that asks for what both ask for, as far as a draft needs it."""
    merged = {**left, **right}
    for key in left.keys() & right.keys():
        ours, theirs = left[key], right[key]
        if key in ("properties", "patternProperties"):
            both = {name: {"allOf": [ours[name], theirs[name]]} for name in ours.keys() & theirs.keys()}
            merged[key] = {**ours, **theirs, **both}
        elif key in ("items", "additionalProperties"):
            merged[key] = {"allOf": [ours, theirs]}
        elif key in ("type", "enum"):
            allowed = set(map(repr, _as_list(theirs)))
            merged[key] = [each for each in _as_list(ours) if repr(each) in allowed] or ours
        elif key == "required":
            merged[key] = [*dict.fromkeys([*ours, *theirs])]
        elif key.startswith(("min", "exclusiveMin")):
            merged[key] = max(ours, theirs)
        elif key.startswith(("max", "exclusiveMax")):
            merged[key] = min(ours, theirs)
    return merged


def _as_list(types: Any) -> list[Any]:
    """A list for one type or several; all integers are numbers."""
    return ["number", "integer"] if types == "number" else types if isinstance(types, list) else [types]


def _least(schema: dict[str, Any], keyword: str, default: int = 0) -> int:
    return int(min(schema.get(keyword, default), MAX_SIZE))


def _exact(number: int | float) -> Fraction:
    """0.1 is a tenth, not the binary fraction next to it."""
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


_COMBINATIONS: Final = {"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else"}

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
