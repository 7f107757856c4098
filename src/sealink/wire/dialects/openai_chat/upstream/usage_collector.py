"""A stream's usage: always collected, and sent once, after the last choice, to a client that asked for it.

OpenAI sends it in a last chunk without choices, with `"usage": null` in all others. Vendors also send it
with the last choice (Mistral, DeepSeek, OpenRouter, …) or in it (Moonshot), as a running count in every chunk
(Perplexity, Gemini), several times, or in a field of their own (Groq's `x_groq`).
"""

from typing import Final

from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.dialects.openai_chat.usage import (
    read_plain_usage,
    read_usage,
    standard_counts,
    usage_in_choices,
    usage_object,
)
from sealink.wire.raw_json.fields import NULL, UNREADABLE, Fields, object_of, text_of, to_raw, without

CHUNK: Final = to_raw("chat.completion.chunk")

_ENVELOPE: Final = frozenset({"id", "object", "created", "model", "service_tier", "system_fingerprint", "provider"})
_STANDARD_FIELDS: Final = frozenset({*_ENVELOPE, "choices", "usage", "obfuscation"})
_NO_CHOICES: Final = Raw(b"[]")


class UsageCollector:
    """Takes the usage out of one stream's chunks. `usage` is the last one that came."""

    def __init__(self, *, asked: bool) -> None:
        self.usage: Usage | None = None
        self._asked = asked
        self._owed: Fields | None = None
        self._sent = False

    def taken_out_of(self, chunk: Fields) -> Fields:
        """A chunk with choices, whose usage is null if the client asked for the usage, else left out."""
        if usage := self._collect(chunk):
            self._owed = {**envelope_of(chunk), "choices": _NO_CHOICES, "usage": to_raw(usage)}
        if self._asked:
            return {**chunk, "usage": NULL} if "usage" in chunk else chunk
        chunk = without(chunk, "usage")
        own = object_of(chunk.get("x_groq")) or {}
        if kept := without(own, "usage", "usage_breakdown"):
            return chunk if kept == own else {**chunk, "x_groq": to_raw(kept)}
        return without(chunk, "x_groq")

    def found_in(self, chunk: Fields) -> bool:
        """Whether a chunk without choices has the usage."""
        usage = self._collect(chunk)
        if usage:
            self._owed = {**chunk, "object": CHUNK, "choices": _NO_CHOICES, "usage": to_raw(usage)}
        return bool(usage)

    def take_final(self, raw: Raw, service_tier: str | None) -> bool:
        """Whether this usage, in a chunk of OpenAI's own shape, is the first to be sent, and has OpenAI's own shape,
        too: then that chunk is sent."""
        if self._sent:
            return False
        try:
            self.usage = read_plain_usage(raw, service_tier)
        except UNREADABLE:
            return False
        self._owed, self._sent = None, True
        return True

    def chunk(self) -> Fields | None:
        """The chunk with the usage that the client must still get; None if it did not ask or has got it."""
        owed, self._owed = self._owed, None
        if owed is None or not self._asked or self._sent:
            return None
        self._sent = True
        return owed

    def owe(self, envelope: Fields, usage: Usage) -> None:
        """This is the usage, whatever has come: of an answer that is cut."""
        self.usage = usage
        self._owed = {**envelope, "choices": _NO_CHOICES, "usage": to_raw(usage_object(usage))}

    def null(self) -> Fields:
        """The `usage` field of a chunk that SeaLink adds."""
        return {"usage": NULL} if self._asked else {}

    def _collect(self, chunk: Fields) -> Fields | None:
        """The usage of the chunk, in Groq's own field or in a choice. An empty one does not count."""
        own = object_of(chunk.get("x_groq")) or {}
        usage = object_of(chunk.get("usage")) or object_of(own.get("usage")) or usage_in_choices(chunk)
        if usage:
            self.usage = read_usage(usage, text_of(chunk.get("service_tier")))
            return standard_counts(usage)
        return None


def envelope_of(chunk: Fields) -> Fields:
    """The fields of a chunk that are about the whole answer."""
    return {**{name: raw for name, raw in chunk.items() if name in _ENVELOPE}, "object": CHUNK}


def extra_fields_of(chunk: Fields) -> Fields:
    """The other fields of a chunk: Azure's prompt_filter_results, say."""
    return without(chunk, *_STANDARD_FIELDS)
