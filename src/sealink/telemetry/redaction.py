"""What must not be written down: texts without what is secret, or nobody's business."""

import re
from collections.abc import Iterable
from typing import Final

KEY_SHAPES: Final = re.compile(
    r"\b(?:(?:sk|pk|gsk|hf|r8|gh[pousr])[-_][\w-]{12,}|[a-z]{2,8}-(?=[^\W_]*\d)(?=[^\W_]*[A-Z])[^\W_]{40,}"
    r"|AIza[\w-]{20,}|A[KS]IA[A-Z0-9]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})",
    re.ASCII,
)
"""API keys and tokens that can be told by how they begin: a gateway behind the upstream may repeat its own."""

_EMAIL: Final = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
_CARD: Final = r"\b\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}\b"
_FILE: Final = r"[A-Za-z0-9+/_-]{512,}={0,2}"
"""An image, sound or document inline, as base64."""
_ALWAYS: Final = re.compile("|".join((_EMAIL, _CARD, _FILE)), re.ASCII)
REDACTED: Final = "[redacted]"


class Redaction:
    """Takes keys, e-mail addresses, numbers of payment cards and files inline out of texts, and what fits `patterns`,
    regular expressions. Raises re.error for one that is none."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = [KEY_SHAPES, _ALWAYS, *map(re.compile, patterns)]

    def __call__(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text
