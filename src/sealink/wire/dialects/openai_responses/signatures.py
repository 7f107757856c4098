"""What a later turn needs to send the model's thinking back, in both directions.

In an upstream's answer it is a reasoning item's id and `encrypted_content` (or, where a vendor does not encrypt, the
id of thinking that is sent back in plain text). In an answer to a client of this dialect, the signatures of other
dialects stand in the `encrypted_content` of reasoning items, marked, so that no Responses upstream is ever sent one.
https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
"""

from typing import Final

import msgspec

NAME: Final = "responses"

CARRIED: Final = "sealink:"
CARRIED_REDACTED: Final = "sealink-redacted:"
"""Marks of `encrypted_content` that is another dialect's: a signature, or thinking without a text."""

_OWN: Final = f"{NAME}:"


class Signature(msgspec.Struct):
    """A reasoning item's id, "" where it has none that a colon does not spoil, and its `encrypted_content`."""

    id: str
    encrypted: str


def written(signature: Signature) -> str:
    """A signature as events carry it."""
    return f"{_OWN}{'' if ':' in signature.id else signature.id}:{signature.encrypted}"


def read(text: str) -> Signature | None:
    """The signature, if it is this dialect's."""
    if not text.startswith(_OWN):
        return None
    id, _, encrypted = text.removeprefix(_OWN).partition(":")
    return Signature(id, encrypted)


def is_carried(encrypted_content: str) -> bool:
    """Whether a reasoning item that a client sends back is another dialect's."""
    return encrypted_content.startswith((CARRIED, CARRIED_REDACTED))
