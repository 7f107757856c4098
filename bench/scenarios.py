"""What is measured: the kinds of load, and which model of the bench's config each asks for.

upstream   what it sends
────────   ──────────────────────────────────────────────────────────────
openai     100 chunks, 20 ms apart
anthropic  the same in Anthropic's format
short      10 chunks, 20 ms apart
few        chunks 2 ms apart, for longer than it is measured
open       chunks 1 s apart, for longer than it is measured
"""

import resource
from dataclasses import dataclass

UPSTREAMS = {
    "openai": ("openai", 100, 20_000),
    "anthropic": ("anthropic", 100, 20_000),
    "short": ("openai", 10, 20_000),
    "few": ("openai", 60_000, 2_000),
    "open": ("openai", 65, 1_000_000),
}
"""Name → (format, chunks of a stream, microseconds between them). A model of the same name leads to each."""

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
APIS = {"chat": "OpenAI Chat", "messages": "Anthropic Messages", "responses": "OpenAI Responses"}

STREAMS_PER_S = 100
SHORT_STREAMS_PER_S = 300
CONNECTIONS = 32
FEW_STREAMS, MANY_STREAMS = 10, 5_000
CHUNKS_PER_S = 5_000
"""Of FEW_STREAMS of `few`, and of MANY_STREAMS of `open`, together."""
RAMP_S, HOLD_S = 10, 60
RAMP_STREAMS = min(10_000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)
"""A stream takes two of a server's file descriptors."""


@dataclass(frozen=True)
class Lane:
    """The client's API and the upstream's. Those of the same name pass through, the others translate."""

    api: str
    upstream: str

    @property
    def name(self) -> str:
        return {("chat", "openai"): "relay", ("chat", "anthropic"): "translate"}.get(
            (self.api, self.upstream), f"{self.api} from {self.upstream}"
        )


RELAY, TRANSLATE = Lane("chat", "openai"), Lane("chat", "anthropic")
LANES = (
    RELAY,
    TRANSLATE,
    *(Lane(api, upstream) for api in ("messages", "responses") for upstream in ("openai", "anthropic")),
)
