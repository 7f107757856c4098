"""A plausible value for a JSON schema: what the simulated model fills tool calls and structured answers with.

A value is drafted from the keywords, then checked (sealink.sim.schema_check), and drafted again if it
fails, as `oneOf`, `not` and `if` may make it do. References may recurse: below `MAX_PLAIN_DEPTH` only
what is required is filled in. A schema that nothing satisfies gets the last draft.
"""

from collections.abc import Callable, Sequence
from math import ceil, floor
from random import Random
from typing import Final

from sealink.sim.pattern import example
from sealink.sim.pattern_reader import UnsupportedPattern, parse
from sealink.sim.schema_check import (
    Checker,
    are_unique,
    as_dict,
    as_list,
    number_in,
    pattern_matches,
    resolved,
    tuple_schemas,
    types_of,
)
from sealink.sim.schema_merge import merged

MAX_DRAFTS: Final = 10_000
"""How many parts of a schema are looked at to draft one value, second tries included."""

MAX_ITEMS: Final = 1000
"""The most items that an array is given, and characters / 10 a string, whatever `minItems` or `minLength` say."""

MAX_PLAIN_DEPTH: Final = 4
MAX_DEPTH: Final = 40
TRIES: Final = 40
SMALLEST_STEP: Final = 1e-9
"""A smaller `multipleOf` is left alone."""


def value_for(schema: object, rng: Random, words: Sequence[str] = ()) -> object:
    """A value that satisfies `schema`. `words` (names found in the prompt, say) come first where any text will do."""
    return _Draughtsman(schema, rng, words).value(schema)


class _Draughtsman:
    def __init__(self, root: object, rng: Random, words: Sequence[str]) -> None:
        self._root = root
        self._checker = Checker(root)
        self._rng = rng
        self._words = list(words)
        self._left = MAX_DRAFTS
        self._writers: dict[str, Callable[[dict[str, object], str, int], object]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": lambda schema, name, depth: self._integer(schema),
            "number": lambda schema, name, depth: self._number(schema),
            "boolean": lambda schema, name, depth: rng.random() < 0.5,
            "null": lambda schema, name, depth: None,
        }

    def value(self, schema: object, name: str = "", depth: int = 0) -> object:
        """A value for `schema`, `depth` levels down, as the property `name`."""
        draft: object = None
        for _ in range(TRIES):
            draft = self._draft(schema, name, depth)
            if self._left <= 0 or self._checker.satisfies(draft, schema):
                break
        return draft

    def _draft(self, schema: object, name: str, depth: int) -> object:
        self._left -= 1
        if self._left <= 0 or depth > MAX_DEPTH:
            return None
        plain = self._plain(schema, depth)
        if "const" in plain:
            return plain["const"]
        if options := as_list(plain.get("enum")):
            return self._rng.choice(options)
        return self._writers[self._type(plain, depth)](plain, name, depth)

    def _plain(self, schema: object, depth: int, hops: int = 0) -> dict[str, object]:
        """`schema` with its references followed and its combinations settled: one branch of each, merged."""
        self._left -= 1
        if not isinstance(schema, dict) or hops > MAX_DEPTH or self._left <= 0:
            return {}
        plain = {keyword: value for keyword, value in schema.items() if keyword not in _COMBINING}
        parts = [resolved(schema["$ref"], self._root)] if "$ref" in schema else []
        parts += as_list(schema.get("allOf"))
        parts += [self._branch(options, depth) for key in ("anyOf", "oneOf") if (options := as_list(schema.get(key)))]
        if "if" in schema:
            parts += [schema["if"], schema.get("then", True)] if self._rng.random() < 0.5 else [schema.get("else")]
        for part in parts:
            plain = merged(plain, self._plain(part, depth, hops + 1))
        return plain

    def _branch(self, options: list[object], depth: int) -> object:
        if depth >= MAX_PLAIN_DEPTH:
            return min(options, key=_weight)
        return self._rng.choice([option for option in options if types_of(as_dict(option)) != ["null"]] or options)

    def _type(self, schema: dict[str, object], depth: int) -> str:
        if types := types_of(schema):
            if depth >= MAX_PLAIN_DEPTH:
                return min(types, key=_TYPE_WEIGHTS.__getitem__)
            return self._rng.choice([name for name in types if name != "null"] or types)
        return next((name for keyword, name in _TYPE_OF_KEYWORD.items() if keyword in schema), "string")

    def _object(self, schema: dict[str, object], name: str, depth: int) -> dict[str, object]:
        properties = as_dict(schema.get("properties"))
        required = [key for key in as_list(schema.get("required")) if isinstance(key, str)]
        wanted = required + [key for key in properties if self._includes(key, properties, depth)]
        most = number_in(schema, "maxProperties")
        names = list(dict.fromkeys(wanted))[: None if most is None else max(int(most), len(set(required)))]
        filled = {key: self._property(schema, key, depth) for key in names}
        self._add_until(int(number_in(schema, "minProperties") or 0), filled, schema, depth)
        return filled

    def _includes(self, key: str, properties: dict[str, object], depth: int) -> bool:
        """Whether an optional property is filled in: near the top, as a rule."""
        return properties[key] is not False and depth < MAX_PLAIN_DEPTH and self._rng.random() < 0.9

    def _add_until(self, least: int, filled: dict[str, object], schema: dict[str, object], depth: int) -> None:
        spare = [key for key in as_dict(schema.get("properties")) if key not in filled]
        pattern = next(iter(as_dict(schema.get("patternProperties"))), None)
        for number in range(min(least, MAX_ITEMS) * 2):
            if len(filled) >= least:
                break
            new = self._matching(pattern) if pattern is not None else f"note_{number + 1}"
            key = spare.pop(0) if spare else new
            filled.setdefault(key, self._property(schema, key, depth))

    def _property(self, schema: dict[str, object], key: str, depth: int) -> object:
        properties, patterns = as_dict(schema.get("properties")), as_dict(schema.get("patternProperties"))
        if key in properties:
            return self.value(properties[key], key, depth + 1)
        matching = next((each for pattern, each in patterns.items() if pattern_matches(pattern, key)), None)
        return self.value(schema.get("additionalProperties") if matching is None else matching, key, depth + 1)

    def _array(self, schema: dict[str, object], name: str, depth: int) -> list[object]:
        first, rest = tuple_schemas(schema), schema.get("items")
        contained = _least_contained(schema)
        least = min(int(max(number_in(schema, "minItems") or 0, contained)), MAX_ITEMS)
        most = number_in(schema, "maxItems")
        wanted = least if depth >= MAX_PLAIN_DEPTH else self._rng.randint(least, max(least, len(first), 2))
        size = wanted if most is None else min(wanted, int(most))
        schemas = [*first, *[rest if isinstance(rest, dict | bool) else True] * (size - len(first))][:size]
        for at in range(1, min(contained, len(schemas)) + 1):
            schemas[-at] = {"allOf": [schemas[-at], schema["contains"]]}
        items: list[object] = []
        for each in schemas:
            items.append(self._another(each, items, name, depth, schema.get("uniqueItems") is True))
        return items

    def _another(self, schema: object, items: list[object], name: str, depth: int, unique: bool) -> object:
        item = self.value(schema, name, depth + 1)
        for _ in range(TRIES):
            if not unique or are_unique([*items, item]) or self._left <= 0:
                break
            item = self.value(schema, name, depth + 1)
        return item

    def _string(self, schema: dict[str, object], name: str, depth: int) -> str:
        if isinstance(pattern := schema.get("pattern"), str):
            return self._matching(pattern)
        form = schema.get("format")
        if isinstance(form, str) and form in _FORMATS:
            return _FORMATS[form](self._rng)
        least = min(int(number_in(schema, "minLength") or 0), MAX_ITEMS * 10)
        most = number_in(schema, "maxLength")
        text = self._word(name)
        while len(text) < least:
            text += " " + self._rng.choice(_WORDS)
        return text if most is None else text[: int(most)].rstrip().ljust(least, "s")

    def _word(self, name: str) -> str:
        if self._words and self._rng.random() < 0.9:
            return self._words[self._rng.randrange(len(self._words))]
        return f"{self._rng.choice(_WORDS)} {self._rng.choice(_WORDS)}" if name else self._rng.choice(_WORDS)

    def _matching(self, pattern: str) -> str:
        try:
            return example(parse(pattern), self._rng)
        except UnsupportedPattern:
            return self._rng.choice(_WORDS)

    def _integer(self, schema: dict[str, object]) -> int:
        step = number_in(schema, "multipleOf")
        whole = int(step) if step is not None and step >= 1 and step % 1 == 0 else 1
        return whole * self._rng.randint(*_steps(schema, whole))

    def _number(self, schema: dict[str, object]) -> float | int:
        step = number_in(schema, "multipleOf")
        if step is not None and step >= SMALLEST_STEP:
            return round(step * self._rng.randint(*_steps(schema, step)), 10)
        low, high = _span(schema)
        value = self._rng.uniform(low, high)
        return round(value, 2) if low < round(value, 2) < high else value


def _least_contained(schema: dict[str, object]) -> int:
    """How many items must also be what `contains` asks for."""
    if "contains" not in schema:
        return 0
    least = number_in(schema, "minContains")
    return 1 if least is None else int(least)


def _steps(schema: dict[str, object], step: float) -> tuple[int, int]:
    """The least and greatest multiple of `step` allowed, in steps; a hundred apart where the schema sets no end."""
    lows = [ceil(low / step)] if (low := number_in(schema, "minimum")) is not None else []
    lows += [floor(low / step) + 1] if (low := number_in(schema, "exclusiveMinimum")) is not None else []
    highs = [floor(high / step)] if (high := number_in(schema, "maximum")) is not None else []
    highs += [ceil(high / step) - 1] if (high := number_in(schema, "exclusiveMaximum")) is not None else []
    least = max(lows, default=min([0, *(high - 100 for high in highs if high < 0)]))
    return least, max(least, min(highs, default=least + 100))


def _span(schema: dict[str, object]) -> tuple[float, float]:
    """The least and greatest number allowed, a hundred apart where the schema sets no end."""
    lows = [low for key in ("minimum", "exclusiveMinimum") if (low := number_in(schema, key)) is not None]
    highs = [high for key in ("maximum", "exclusiveMaximum") if (high := number_in(schema, key)) is not None]
    least = max(lows, default=min([0, *(high - 100 for high in highs if high < 0)]))
    return least, max(least, min(highs, default=least + 100))


def _weight(option: object) -> int:
    """How much further a branch may lead: the lightest is taken where a value has gone deep enough."""
    if not isinstance(option, dict):
        return 1
    if "const" in option or "enum" in option:
        return 0
    if "$ref" in option or _COMBINING & option.keys():
        return 9
    return min((_TYPE_WEIGHTS[name] for name in types_of(option)), default=2) + len(as_list(option.get("required")))


_COMBINING: Final = {"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else"}

_TYPE_WEIGHTS: Final = {"null": 0, "boolean": 1, "integer": 1, "number": 1, "string": 1, "array": 2, "object": 3}

_TYPE_OF_KEYWORD: Final = {
    "properties": "object", "required": "object", "patternProperties": "object", "minProperties": "object",
    "items": "array", "prefixItems": "array", "minItems": "array", "contains": "array",
    "multipleOf": "number", "minimum": "number", "maximum": "number",
    "exclusiveMinimum": "number", "exclusiveMaximum": "number",
}  # fmt: skip

_WORDS: Final = [
    "harbour", "lantern", "tide", "signal", "anchor", "ferry", "chart", "pilot", "beacon", "mooring",
    "current", "voyage", "cable", "compass", "lighthouse", "quay", "sailor", "island", "breeze", "horizon",
]  # fmt: skip


def _date(rng: Random) -> str:
    return f"{rng.randint(2020, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _time(rng: Random) -> str:
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}Z"


def _uuid(rng: Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


# Names and addresses that are reserved for examples: RFC 2606, RFC 5737, RFC 3849.
_FORMATS: Final[dict[str, Callable[[Random], str]]] = {
    "date-time": lambda rng: f"{_date(rng)}T{_time(rng)}",
    "date": _date,
    "time": _time,
    "duration": lambda rng: f"PT{rng.randint(1, 59)}M",
    "email": lambda rng: f"{rng.choice(_WORDS)}@example.com",
    "idn-email": lambda rng: f"{rng.choice(_WORDS)}@example.com",
    "hostname": lambda rng: f"{rng.choice(_WORDS)}.example.com",
    "idn-hostname": lambda rng: f"{rng.choice(_WORDS)}.example.com",
    "ipv4": lambda rng: f"192.0.2.{rng.randint(1, 254)}",
    "ipv6": lambda rng: f"2001:db8::{rng.randint(1, 0xFFFF):x}",
    "uri": lambda rng: f"https://example.com/{rng.choice(_WORDS)}",
    "url": lambda rng: f"https://example.com/{rng.choice(_WORDS)}",
    "uri-reference": lambda rng: f"/{rng.choice(_WORDS)}",
    "iri": lambda rng: f"https://example.com/{rng.choice(_WORDS)}",
    "uuid": _uuid,
    "json-pointer": lambda rng: f"/{rng.choice(_WORDS)}",
    "regex": lambda rng: f"^{rng.choice(_WORDS)}$",
}
