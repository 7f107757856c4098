"""What a stock SDK made of an answer, in words that belong to no dialect, and how two of them differ.

Finish reasons are those of sealink.events, counts those of sealink.usage. `stock_chat`, `stock_messages` and
`stock_responses` read with an SDK; `expectations` says what they should have read of a recorded case.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from jiter import from_json


@dataclass
class ToolCall:
    """`id` is None where none is expected: then any will do. Arguments are parsed where they are JSON.

    Anthropic's SDK also shows arguments that the token limit cut off as far as they go; OpenAI's hands them on.
    """

    id: str | None
    name: str
    arguments: Any
    index: int | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ToolCall):
            return NotImplemented
        ids = self.id == other.id or not (self.id and other.id)
        return ids and _same_arguments(self.arguments, other.arguments) and self.name == other.name


@dataclass
class Choice:
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str | None = None


@dataclass
class Tokens:
    """As sealink.usage counts them; None where nobody said."""

    input: int | None = None
    output: int | None = None
    cached_read: int | None = None
    cached_write: int | None = None
    reasoning: int | None = None


@dataclass
class Failure:
    """`status` is 200 for an error inside a stream. `body` is the error object where there is one."""

    message: str
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Reading:
    """`usage` and `finish` are in the dialect's own words; None in an expectation: they are not looked at.

    `citations` are addresses, "" for a source without one; None in an expectation: not looked at.
    """

    choices: dict[int, Choice] = field(default_factory=dict)
    tokens: Tokens | None = None
    citations: list[str] | None = None
    failure: Failure | None = None
    usage: dict[str, Any] | None = None
    finish: str | None = None
    stop_sequence: str | None = None


def differences(expected: Reading, got: Reading) -> list[str]:
    """Nothing where both say the same."""
    found = list(_failure_differences(expected.failure, got.failure))
    if got.failure is not None and got.failure.status != 200:
        return found  # an answer that failed before its first content has nothing else to say
    for index in sorted(expected.choices.keys() | got.choices.keys()):
        found += _field_differences(
            f"choice {index} ", expected.choices.get(index, Choice()), got.choices.get(index, Choice())
        )
    if expected.failure is None:
        found += _token_differences(expected.tokens, got.tokens)
        found += _usage_differences(expected.usage or {}, got.usage or {})
    if expected.finish is not None and expected.finish != got.finish:
        found.append(f"finish: want {expected.finish!r}, got {got.finish!r}")
    if expected.citations is not None and not _same_sources(expected.citations, got.citations or []):
        found.append(f"citations: want {expected.citations}, got {got.citations}")
    return found


def parsed(arguments: str) -> Any:
    """A call's arguments, where they are JSON."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _field_differences(where: str, want: Any, have: Any) -> Iterable[str]:
    for one in fields(want):
        wanted, had = getattr(want, one.name), getattr(have, one.name)
        if wanted != had:
            yield f"{where}{one.name}: want {wanted!r}, got {had!r}"


def _token_differences(want: Tokens | None, have: Tokens | None) -> Iterable[str]:
    """Each number that the upstream reported; none at all where none is expected. Tokens() expects anything."""
    if want == Tokens():
        return
    if want is None or have is None:
        if want is not have:
            yield f"tokens: want {want}, got {have}"
        return
    for one in fields(want):
        wanted, had = getattr(want, one.name), getattr(have, one.name)
        if wanted is not None and wanted != (had or 0):
            yield f"tokens {one.name}: want {wanted}, got {had}"


def _usage_differences(want: dict[str, Any], have: dict[str, Any]) -> Iterable[str]:
    """Each number that the upstream reported, in its own place."""
    for name, value in want.items():
        if isinstance(value, dict):
            yield from _usage_differences(value, have.get(name) or {})
        elif value is not None and have.get(name) != value:
            yield f"usage: want {name} {value!r} in {have}"


def _failure_differences(want: Failure | None, have: Failure | None) -> Iterable[str]:
    if want is None or have is None:
        if want is not have:
            yield f"failure: want {want}, got {have}"
        return
    if want.status not in (200, have.status):
        yield f"status: want {want.status}, got {have.status}"
    if want.message not in have.message:
        yield f"message: want {want.message!r} in {have.message!r}"


def _same_sources(want: list[str], have: list[str]) -> bool:
    return len(want) == len(have) and all(url in ("", got) for url, got in zip(sorted(want), sorted(have), strict=True))


def _same_arguments(want: Any, have: Any) -> bool:
    if want in ("", {}):
        return have in ("", {})  # a tool without parameters
    return have in (want, _as_far_as_it_goes(want)) or _as_far_as_it_goes(have) == want


def _as_far_as_it_goes(arguments: Any) -> Any:
    try:
        return from_json(arguments.encode(), partial_mode=True) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments
