"""Signatures that vendors send in fields of their own, and how clients of other dialects carry them back.

Chat Completions have no field for signatures. Vendors have added some, and want their contents back:

    reasoning_details   of a message: pieces of thinking, in plain text, signed or encrypted
                        https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
    extra_content       of a message or a call: Gemini's signature
                        https://ai.google.dev/gemini-api/docs/thought-signatures

Clients of other dialects get one of these as a signature: JSON after this dialect's name and a colon. A piece's text is
not in it, since clients have that as the reasoning.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.request import Part, Reasoning
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    array_of,
    encode,
    is_null,
    object_of,
    starts_with,
    text_of,
    to_raw,
)

_OWN: Final = f"{NAME}:"
_EMPTY: Final = Raw(b'""')
_NOTHING: Final = (NULL, _EMPTY)
_TEXTS: Final = ("text", "summary")
_PLAIN: Final = ("reasoning.text", "reasoning.summary")


class Signature(msgspec.Struct, omit_defaults=True):
    """One of `reasoning_details`, or the `extra_content` of the message, or of the call with this id."""

    detail: Fields = {}
    extra_content: Raw = NULL
    call_id: str = ""


_SIGNATURE = msgspec.json.Decoder(Signature)


def written(signature: Signature) -> str:
    """A signature as events carry it."""
    return _OWN + encode(signature).decode()


def read(text: str) -> Signature | None:
    """The signature, if it is this dialect's."""
    if not text.startswith(_OWN):
        return None
    try:
        return _SIGNATURE.decode(text.removeprefix(_OWN))
    except (ValueError, RecursionError):
        return None


def sent_back(parts: Iterable[Part]) -> tuple[dict[str, Any], dict[str, Raw]]:
    """The vendors' fields of an earlier message, and the `extra_content` of its calls by their ids."""
    fields: dict[str, Any] = {}
    calls: dict[str, Raw] = {}
    for part in parts:
        own = read(part.signature) if isinstance(part, Reasoning) else None
        if own is None or not isinstance(part, Reasoning):
            continue
        if own.detail:
            fields.setdefault("reasoning_details", []).append(_with_text(own.detail, part.text))
        elif own.call_id:
            calls[own.call_id] = own.extra_content
        elif not is_null(own.extra_content):
            fields["extra_content"] = own.extra_content
    return fields, calls


def _with_text(detail: Fields, text: str) -> Fields:
    place = next((name for name in _TEXTS if detail.get(name) == _EMPTY), None)
    return detail if place is None else {**detail, place: to_raw(text)}


def is_signed(extra_content: Raw) -> bool:
    """Whether an `extra_content` has a signature; some have only a remark (`{"google": {"thought": true}}`)."""
    return starts_with(extra_content, b"{") and b'signature"' in bytes(extra_content)


class Piece(msgspec.Struct):
    """One of `reasoning_details`, or the part of one that a delta has: its text, and its other fields in `rest`."""

    rest: Fields
    text: str = ""
    has_place_for_text: bool = False

    @property
    def is_empty(self) -> bool:
        return self.has_place_for_text and not self.text and not self.signature

    @property
    def signature(self) -> str:
        return text_of(self.rest.get("signature")) or ""

    def is_continued_by(self, more: "Piece") -> bool:
        """Whether `more` belongs to the same piece. Vendors repeat type and id; an index may be that of the delta."""
        for name in ("type", "id"):
            mine, others = self.rest.get(name), more.rest.get(name)
            if not (is_null(mine) or is_null(others) or mine == others):
                return False
        has_ended = bool(self.signature)  # which comes last
        return more.has_place_for_text and (not has_ended or more.is_empty)

    def add(self, more: "Piece") -> bool:
        """Merge `more` into the piece. Returns whether it had anything new besides its text."""
        known = self.rest
        news = {
            name: raw
            for name, raw in more.rest.items()
            if name not in known or (known[name] in _NOTHING and raw not in _NOTHING)
        }
        self.rest = {**known, **news}
        return bool(news)


def read_pieces(details: Raw) -> list[Piece]:
    """The pieces in a delta's or a message's `reasoning_details`."""
    return [_piece(detail) for detail in map(object_of, array_of(details) or ()) if detail]


def _piece(detail: Fields) -> Piece:
    for name in _TEXTS:
        if (text := text_of(detail.get(name))) is not None:
            return Piece({**detail, name: _EMPTY}, text, True)
    return Piece(detail, has_place_for_text=(text_of(detail.get("type")) or "") in _PLAIN)
