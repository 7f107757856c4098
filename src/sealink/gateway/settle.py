"""How an exchange ended, in the one record that every exit writes."""

import logging
from collections.abc import Callable
from typing import Literal

import msgspec

from sealink.usage import Provenance, Usage

Ended = Literal["done", "error", "client_gone", "stopped"]

log = logging.getLogger("sealink.exchange")


class Settlement(msgspec.Struct):
    """One request, as it is accounted for. Times are in milliseconds since the request was admitted.

    `targets` are the providers tried, in order; the last one's answer is what the client got. `code` is the
    error's, where there was one. Prompts, answers and keys are never part of it.
    """

    request_id: str
    key: str
    model: str
    task_type: str | None = None
    targets: list[str] = []
    served_model: str = ""
    streamed: bool = False
    ended: Ended = "done"
    code: str | None = None
    usage: Usage | None = None
    provenance: Provenance | None = None
    frames: int = 0
    first_content_ms: float | None = None
    duration_ms: float = 0.0


Settle = Callable[[Settlement], None]


def log_settlement(settlement: Settlement) -> None:
    """One line per request, for people and for log collectors."""
    usage = settlement.usage or Usage()
    log.info(
        "%s key=%s model=%s via=%s ended=%s code=%s input=%d output=%d first_content_ms=%s duration_ms=%.1f",
        settlement.request_id,
        settlement.key,
        settlement.model,
        ",".join(settlement.targets) or "-",
        settlement.ended,
        settlement.code or "-",
        usage.input_tokens,
        usage.output_tokens,
        "-" if settlement.first_content_ms is None else f"{settlement.first_content_ms:.1f}",
        settlement.duration_ms,
    )
