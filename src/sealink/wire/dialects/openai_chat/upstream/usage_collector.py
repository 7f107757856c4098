"""The usage of a relayed stream: learned always, told once, behind the last choice, to a client that asked.

OpenAI sends it in a last chunk without choices, with `"usage": null` in all others. Vendors also send it
with the last choice (Mistral, DeepSeek, OpenRouter, …), as a running count in every chunk (Perplexity,
Gemini), several times, or in a corner of their own (Groq's `x_groq`).
"""

from typing import Final

from msgspec import Raw

from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.raw_json.fields import NULL, Fields, object_of, to_raw, without
from sealink.wire.stream.outcome import Outcome

CHUNK: Final = to_raw("chat.completion.chunk")

_ENVELOPE: Final = frozenset({"id", "object", "created", "model", "service_tier", "system_fingerprint", "provider"})
_BOUND_TO_A_CHUNK: Final = frozenset({*_ENVELOPE, "choices", "usage", "obfuscation"})
_NO_CHOICES: Final = Raw(b"[]")


class UsageCollector:
    """Keeps one stream's usage apart from its choices, and `outcome` informed."""

    def __init__(self, outcome: Outcome, *, asked: bool) -> None:
        self._outcome = outcome
        self._asked = asked
        self._owed: Fields | None = None
        self._told = False

    def taken_out_of(self, chunk: Fields) -> Fields:
        """A chunk with choices: its usage is null if the client asked for usage, else there is no sign of it."""
        if usage := self._learn(chunk):
            self._owed = {**envelope_of(chunk), "choices": _NO_CHOICES, "usage": to_raw(usage)}
        if self._asked:
            return {**chunk, "usage": NULL} if "usage" in chunk else chunk
        chunk = without(chunk, "usage")
        corner = object_of(chunk.get("x_groq")) or {}
        if kept := without(corner, "usage", "usage_breakdown"):
            return chunk if kept == corner else {**chunk, "x_groq": to_raw(kept)}
        return without(chunk, "x_groq")

    def found_in(self, chunk: Fields) -> bool:
        """Whether a chunk without choices brings the usage."""
        usage = self._learn(chunk)
        if usage:
            self._owed = {**chunk, "object": CHUNK, "choices": _NO_CHOICES, "usage": to_raw(usage)}
        return bool(usage)

    def is_told_with(self, usage: Fields) -> bool:
        """Whether this usage, in a chunk of OpenAI's own shape, is the one that the client is owed: it is now told."""
        if self._told or not usage:
            return False
        self._outcome.usage, self._outcome.provenance = read_usage(usage), "provider"
        self._owed, self._told = None, True
        return True

    def chunk(self) -> Fields | None:
        """The chunk that the client is owed, once."""
        owed, self._owed = self._owed, None
        if owed is None or not self._asked or self._told:
            return None
        self._told = True
        return owed

    def null(self) -> Fields:
        """What a chunk of SeaLink's own says of usage."""
        return {"usage": NULL} if self._asked else {}

    def _learn(self, chunk: Fields) -> Fields | None:
        """The usage at the top, or in Groq's corner. An empty one says nothing."""
        corner = object_of(chunk.get("x_groq")) or {}
        usage = object_of(chunk.get("usage")) or object_of(corner.get("usage"))
        if usage:
            self._outcome.usage, self._outcome.provenance = read_usage(usage), "provider"
        return usage


def envelope_of(chunk: Fields) -> Fields:
    """What a chunk says of the answer as a whole."""
    return {**{name: raw for name, raw in chunk.items() if name in _ENVELOPE}, "object": CHUNK}


def extra_fields_of(chunk: Fields) -> Fields:
    """What else a vendor put beside the choices: Azure's prompt_filter_results, say."""
    return without(chunk, *_BOUND_TO_A_CHUNK)
