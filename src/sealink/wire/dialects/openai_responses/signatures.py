"""What a later turn needs in order to send a model's thinking back to it, in both directions.

From an upstream of this dialect it is a reasoning item's id and its `encrypted_content` (or, from vendors that do not
encrypt, the id of thinking that goes back as plain text). A client of this dialect gets the signatures of other
dialects in the `encrypted_content` of reasoning items, with a prefix, so that no Responses upstream is ever sent one.
https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
"""

from typing import Final

import msgspec

NAME: Final = "responses"

FOREIGN: Final = "sealink:"
FOREIGN_REDACTED: Final = "sealink-redacted:"
"""Prefixes of `encrypted_content` that belongs to another dialect: a signature, or thinking without text."""

_OWN: Final = f"{NAME}:"


class Signature(msgspec.Struct):
    """A reasoning item's id and its `encrypted_content`. The id is "" where it has none, or one with a colon."""

    id: str
    encrypted: str


def write_signature(signature: Signature) -> str:
    """A signature as events carry it."""
    return f"{_OWN}{'' if ':' in signature.id else signature.id}:{signature.encrypted}"


def read_signature(text: str) -> Signature | None:
    """The signature, if it is this dialect's."""
    if not text.startswith(_OWN):
        return None
    id, _, encrypted = text.removeprefix(_OWN).partition(":")
    return Signature(id, encrypted)


def is_foreign(encrypted_content: str) -> bool:
    """Whether a reasoning item that a client sends back came from another dialect."""
    return encrypted_content.startswith((FOREIGN, FOREIGN_REDACTED))
