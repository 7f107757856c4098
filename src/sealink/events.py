"""What a model's answer is made of, whichever wire format it comes in.

An answer is a list of blocks, each opened, filled by deltas and closed, as in Anthropic's format.
Going from blocks to flat chunks (OpenAI's) then needs no guessing; where a flat format's blocks begin and end is
inferred by its decoder (wire/dialects/shared/flat_blocks.py). Each choice's blocks are numbered from 0 as they open;
`choice` is OpenAI's choice index (0 unless `n` > 1). Usage comes as snapshots, never as increments.
"""

from typing import Literal

import msgspec

from sealink.errors import SealinkError
from sealink.usage import Usage

BlockKind = Literal[
    "text", "reasoning", "redacted_reasoning", "tool_call", "custom_tool_call", "refusal", "media", "other"
]
"""A `custom_tool_call` is one whose arguments are free text (OpenAI's custom tools), not JSON."""

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Event(msgspec.Struct, gc=False):
    """One thing that happened in a stream."""


class StreamStart(Event):
    """The answer begins. `created` is a Unix time in seconds, None where the dialect has none."""

    id: str
    model: str
    created: int | None = None


class BlockStart(Event):
    """A block opens. `id` and `name` are a tool call's; a `redacted_reasoning` block's `data` is opaque.

    A `media` block (an image, a sound) is all there at once: its media type is its `name`, `data` is base64.
    `raw` is the original JSON that opens an `other` block (a server tool's result, say): only clients of the
    upstream's own dialect understand it, and only they are sent it.
    """

    block: int
    kind: BlockKind
    choice: int = 0
    id: str = ""
    name: str = ""
    data: str = ""
    raw: bytes = b""


class TextDelta(Event):
    """More text of a `text` or `refusal` block."""

    block: int
    text: str
    choice: int = 0


class ReasoningDelta(Event):
    """More text of a `reasoning` block."""

    block: int
    text: str
    choice: int = 0


class ToolArgsDelta(Event):
    """More of a tool call's arguments: a fragment of JSON text, passed on as it is, never repaired."""

    block: int
    fragment: str
    choice: int = 0


class BlockMeta(Event):
    """Metadata of an open block: the signature with which it can be sent back.

    Signatures are opaque and go through clients unread. One that is not a thinking block's own base64 begins with
    the name of the dialect that understands it and a colon (`gemini:…`): an upstream is given its own only.
    """

    block: int
    signature: str = ""
    choice: int = 0


class Citation(Event):
    """A source of what an open text block says.

    `url` and `title` name the source, `quote` is what it says. `start` and `end` are the cited characters of the
    choice's whole text; None: all of the block's text so far. `raw` is the citation as `dialect` has it, JSON.
    """

    block: int
    url: str = ""
    title: str = ""
    quote: str = ""
    start: int | None = None
    end: int | None = None
    raw: bytes = b""
    dialect: str = ""
    choice: int = 0


class Logprobs(Event):
    """Log probabilities of the last delta of a text or refusal block: a JSON array of OpenAI's token objects
    (`token`, `logprob`, `bytes`, `top_logprobs`)."""

    block: int
    tokens: bytes
    choice: int = 0


class BlockEnd(Event):
    """A block closes."""

    block: int
    choice: int = 0


class UsageSnapshot(Event):
    """All tokens so far. The last snapshot of a stream is the answer's usage, if it is a `final` one."""

    usage: Usage
    final: bool = True


class Finish(Event):
    """A choice is finished. `raw_reason` is the upstream's own value; `detail` an explanation or stop string."""

    reason: FinishReason
    raw_reason: str = ""
    choice: int = 0
    detail: str = ""


class StreamError(Event, gc=True):
    """The upstream reported an error inside the stream. Nothing follows."""

    error: SealinkError


class Unmodelled(Event):
    """Wire data that no event models, carried for a client of the same dialect."""

    raw: bytes


class StreamEnd(Event):
    """The upstream marked the answer as complete (`[DONE]`, `message_stop`)."""
