"""Reads a JSON schema: follows its references, and chooses among its alternatives.

Schemas come from clients, so work on them is limited (MAX_STEPS), and only references within the schema are followed.
"""

from functools import reduce
from random import Random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from jsonschema_rs import Validator

MAX_STEPS: Final = 100_000
"""How much work one value may be. A step is to read a part of the schema, to write a character for a `pattern`, or a
thousand comparisons of a part of the value with a part of the schema."""

MAX_INTEGER_BITS: Final = 64
"""Of a bound in a schema: to compute with thousands of digits takes minutes."""


class UnusableSchema(Exception):
    """There is no value for the schema. The message is the rest of a sentence that begins with "The schema"."""


class SchemaReader:
    """Reads parts of the schema `root`, and counts the steps that it takes to find a value for it."""

    def __init__(self, root: Any, rng: Random) -> None:
        self._root = root
        self._rng = rng
        self._steps = 0

    def take_steps(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise UnusableSchema(f"is too large: it takes more than {MAX_STEPS:,} steps to find a value for it")

    def count_parts(self) -> int:
        """The number of objects, lists and scalars in the schema, with references followed except within themselves."""
        parts, waiting = 0, [(self._root, frozenset[str]())]
        while waiting:
            part, followed = waiting.pop()
            parts += 1
            self.take_steps(1 + len(followed) // 100)
            if isinstance(part, int) and part.bit_length() > MAX_INTEGER_BITS:
                raise UnusableSchema(f"holds an integer of more than {MAX_INTEGER_BITS} bits")
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
        """The part of the schema that a reference, a JSON pointer (RFC 6901), leads to."""
        start, *names = (unquote(name).replace("~1", "/").replace("~0", "~") for name in ref.split("/"))
        try:
            found = reduce(lambda part, name: part[int(name) if isinstance(part, list) else name], names, self._root)
        except (LookupError, TypeError, ValueError):
            found = None
        if start != "#" or found is None:
            raise UnusableSchema(f"has a reference that is not supported here: {ref}")
        return found

    def flat(self, schema: Any, is_roomy: bool, followed: frozenset[str] = frozenset()) -> dict[str, Any]:
        """`schema` without references and combinations: one alternative of each is taken, and merged with the rest.

        If there is no room left (`is_roomy`), it is one that leads to few further levels.
        """
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
        return reduce(_merged, [self.flat(part, is_roomy, followed) for part in parts], own)

    def _alternative(self, options: list[Any], is_roomy: bool) -> Any:
        if is_roomy:
            return self._rng.choice([option for option in options if option != {"type": "null"}] or options)
        return min(options, key=lambda option: (self._references(option), self._rng.random()))

    def _references(self, option: Any) -> int:
        """The number of references in an alternative. The one with the fewest is the most likely to end a recursion."""
        is_reference = isinstance(option, dict) and "$ref" in option
        text = repr(self._resolved(option["$ref"]) if is_reference else option)
        self.take_steps(len(text) // 1000)
        return text.count("'$ref'")


def validator_for(schema: Any) -> "Validator":
    """Raises UnusableSchema if the schema is invalid, in draft 7 for older schemas and draft 2020-12 for others."""
    import jsonschema_rs  # not at the top: it takes 8 MiB, and few processes need it

    is_older = isinstance(schema, dict) and "draft-0" in str(schema.get("$schema"))
    dialect = jsonschema_rs.Draft7Validator if is_older else jsonschema_rs.Draft202012Validator
    try:
        return dialect(schema, validate_formats=False, offline=True)
    except ValueError as error:
        raise UnusableSchema(f"is not valid: {getattr(error, 'message', error)}") from None


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """A schema with the constraints of both, as far as a draft needs it."""
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
    """The value of `type` or `enum` as a list. All integers are numbers."""
    return ["number", "integer"] if types == "number" else types if isinstance(types, list) else [types]


_COMBINATIONS: Final = {"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else"}
