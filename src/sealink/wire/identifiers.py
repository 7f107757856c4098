"""Call ids and tool names that the target takes: which it takes is one table per upstream dialect.

Vendors limit the characters and the length of an identifier, and refuse a conversation in which two calls have one id.
One that does not fit has its characters replaced and is shortened, and gets a piece of its own hash: two that would
become one stay apart, and the same one becomes the same each time. Names are restored in the answer.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from sealink.events import BlockStart, Event, ReasoningDelta, TextDelta
from sealink.request import ChatRequest, Message, Part, ToolCall, ToolResult
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import Fields, text_of, to_raw
from sealink.wire.stream.handler import Decoder, Skipped

_HASH_CHARS: Final = 10


class Rule(msgspec.Struct, frozen=True):
    """`characters` are the allowed ones, as in the brackets of a regular expression; `first` those at the beginning,
    which may also be `_`."""

    max_chars: int
    characters: str = "a-zA-Z0-9_-"
    first: str = ""

    def fit(self, identifier: str, occurrence: int = 0) -> str:
        """The identifier itself if it fits. `occurrence`: how many others of the same spelling came before it."""
        whole = re.compile(f"{f'[{self.first}]' if self.first else ''}[{self.characters}]*")
        if occurrence == 0 and 0 < len(identifier) <= self.max_chars and whole.fullmatch(identifier):
            return identifier
        counted = f"{identifier}\0{occurrence}" if occurrence else identifier
        digest = hashlib.sha256(counted.encode(errors="replace")).hexdigest()[:_HASH_CHARS]
        stem = re.sub(f"[^{self.characters}]", "_", identifier)[: self.max_chars - len(digest) - 2]
        start = "_" if self.first and not re.match(f"[{self.first}]", stem) else ""
        return f"{start}{stem}_{digest}" if stem else f"_{digest}"


class Identifiers(msgspec.Struct, frozen=True):
    """What a target takes; None where it takes all. `unique_call_ids`: whether two calls may not have one id."""

    call_id: Rule | None = None
    tool_name: Rule | None = None
    unique_call_ids: bool = False


def fit_identifiers(request: ChatRequest, identifiers: Identifiers) -> ChatRequest:
    """The request with identifiers that fit; the very same if all do."""
    ids = _CallIds(identifiers)
    messages = [ids.fit(message) for message in request.messages]
    rule, choice = identifiers.tool_name, request.tool_choice
    changes: dict[str, Any] = {"messages": messages} if any(map(_differ, messages, request.messages)) else {}
    if rule is not None:
        if choice is not None and choice.name and rule.fit(choice.name) != choice.name:
            changes["tool_choice"] = msgspec.structs.replace(choice, name=rule.fit(choice.name))
        if sent_names(request, identifiers):
            changes["tools"] = [msgspec.structs.replace(tool, name=rule.fit(tool.name)) for tool in request.tools]
    return msgspec.structs.replace(request, **changes) if changes else request


def with_fitting_id(fields: Fields, name: str, rule: Rule) -> Fields:
    """A client's own object, such as a call, with an id that the target takes; the very same if it does."""
    id = text_of(fields.get(name))
    fitted = rule.fit(id) if id else id
    return fields if fitted == id else {**fields, name: to_raw(fitted)}


def sent_names(request: ChatRequest, identifiers: Identifiers) -> dict[str, str]:
    """The client's names of tools by those that the target is sent, where they differ."""
    rule = identifiers.tool_name
    if rule is None:
        return {}
    fitted = [(rule.fit(tool.name), tool.name) for tool in request.tools]
    return {sent: name for sent, name in fitted if sent != name}


def restore_names(events: Iterable[Event], names: Mapping[str, str]) -> list[Event]:
    """Events with the client's names of tools. `names`: those by the names that the target was sent."""
    return [_restored(event, names) for event in events]


class NameRestorer:
    """A Decoder whose events have the client's names of tools."""

    def __init__(self, decoder: Decoder, names: Mapping[str, str]) -> None:
        self.uniform_deltas = decoder.uniform_deltas
        self.varying = decoder.varying
        self._decoder = decoder
        self._names = names

    def decode(self, frame: Frame) -> Iterable[Event]:
        return restore_names(self._decoder.decode(frame), self._names)

    def close(self) -> Iterable[Event]:
        return restore_names(self._decoder.close(), self._names)

    def catch_up(self, delta: TextDelta | ReasoningDelta, skipped: Skipped) -> Iterable[Event]:
        return self._decoder.catch_up(delta, skipped)


class UniqueIds:
    """Makes the ids of an answer's calls differ: a client's next request has them all, and vendors refuse two equal
    ones."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, id: str) -> str:
        """This id, with a number behind it if it was taken before."""
        if id not in self._taken:
            self._taken[id] = 1
            return id
        number = self._taken[id] + 1
        while f"{id}_{number}" in self._taken:
            number += 1
        self._taken[id], self._taken[f"{id}_{number}"] = number, 1
        return f"{id}_{number}"


class _CallIds:
    """Fits the identifiers of a conversation, message by message. A result belongs to the oldest call of its id that
    has none yet."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._rules = identifiers
        self._seen: dict[str, int] = {}
        self._pending: dict[str, deque[str]] = {}

    def fit(self, message: Message) -> Message:
        parts = [self._part(part) for part in message.parts]
        if not any(map(_differ, parts, message.parts)):
            return message
        return msgspec.structs.replace(message, parts=parts)

    def _part(self, part: Part) -> Part:
        if isinstance(part, ToolCall):
            rule = self._rules.tool_name
            name = part.name if rule is None else rule.fit(part.name)
            id = self._call(part.id)
            return part if (id, name) == (part.id, part.name) else msgspec.structs.replace(part, id=id, name=name)
        if isinstance(part, ToolResult):
            id = self._result(part.call_id)
            return part if id == part.call_id else msgspec.structs.replace(part, call_id=id)
        return part

    def _call(self, id: str) -> str:
        rule = self._rules.call_id
        if rule is None:
            return id
        occurrence = self._seen.get(id, 0) if self._rules.unique_call_ids else 0
        self._seen[id] = occurrence + 1
        fitted = rule.fit(id, occurrence)
        self._pending.setdefault(id, deque()).append(fitted)
        return fitted

    def _result(self, id: str) -> str:
        rule, pending = self._rules.call_id, self._pending.get(id)
        if rule is None or not pending:
            return id if rule is None else rule.fit(id)
        return pending.popleft() if len(pending) > 1 else pending[0]


def _differ(one: object, other: object) -> bool:
    return one is not other


def _restored(event: Event, names: Mapping[str, str]) -> Event:
    if isinstance(event, BlockStart) and event.kind == "tool_call" and event.name in names:
        event.name = names[event.name]
    return event
