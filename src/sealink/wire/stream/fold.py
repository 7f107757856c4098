"""A stream's events collected into one whole answer, whichever dialect they came from."""

from collections.abc import Iterable

import msgspec

from sealink.events import (
    BlockKind,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    Logprobs,
    ReasoningDelta,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.usage import Usage


class Block(msgspec.Struct):
    """A block with all of its text; a tool call's `text` are its arguments.

    `logprobs` are the token objects of its text, in the JSON arrays that they came in.
    """

    kind: BlockKind
    id: str = ""
    name: str = ""
    data: str = ""
    raw: bytes = b""
    text: str = ""
    signature: str = ""
    citations: list[Citation] = []
    logprobs: list[bytes] = []


class ChoiceAnswer(msgspec.Struct):
    """One choice: its blocks in order, and how it ended."""

    blocks: list[Block] = []
    finish: Finish | None = None

    def text(self, kind: BlockKind) -> str:
        """The text of all blocks of one kind, joined."""
        return "".join(block.text for block in self.blocks if block.kind == kind)


class Answer(msgspec.Struct):
    """A whole answer. `created` is a Unix time in seconds, None where the dialect has none."""

    id: str = ""
    model: str = ""
    created: int | None = None
    choices: dict[int, ChoiceAnswer] = {}
    usage: Usage | None = None


def fold(events: Iterable[Event]) -> Answer:
    """The answer that these events make up. Raises the SealinkError of a StreamError event."""
    answer = Answer()
    blocks: dict[tuple[int, int], Block] = {}
    texts: dict[tuple[int, int], list[str]] = {}
    for event in events:
        match event:
            case BlockStart():
                place = event.choice, event.block
                blocks[place] = Block(event.kind, event.id, event.name, event.data, event.raw)
                texts[place] = []
                _choice(answer, event.choice).blocks.append(blocks[place])
            case TextDelta(text=text) | ReasoningDelta(text=text) | ToolArgsDelta(fragment=text):
                texts[event.choice, event.block].append(text)
            case BlockMeta():
                blocks[event.choice, event.block].signature += event.signature
            case Citation():
                blocks[event.choice, event.block].citations.append(event)
            case Logprobs():
                blocks[event.choice, event.block].logprobs.append(event.tokens)
            case _:
                _add_to_answer(answer, event)
    for place, block in blocks.items():
        block.text = "".join(texts[place])
    return answer


def _choice(answer: Answer, index: int) -> ChoiceAnswer:
    return answer.choices.setdefault(index, ChoiceAnswer())


def _add_to_answer(answer: Answer, event: Event) -> None:
    match event:
        case StreamStart():
            answer.id, answer.model, answer.created = event.id, event.model, event.created
        case UsageSnapshot(usage=usage):
            answer.usage = usage
        case Finish():
            _choice(answer, event.choice).finish = event
        case StreamError(error=error):
            raise error
