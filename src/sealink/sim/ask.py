"""A request to the simulated model, independent of the wire format that it came in."""

from typing import Final, Literal

import msgspec

from sealink.request import ToolChoice

REASONING_TOKENS: Final = {
    "none": 0, "minimal": 12, "low": 30, "medium": 60, "high": 120, "xhigh": 200, "max": 300,
}  # fmt: skip
"""Length of the simulated thinking for each reasoning effort, in tokens."""


class Tool(msgspec.Struct, frozen=True):
    """A function that may be called, with the JSON schema of its arguments."""

    name: str
    schema: dict[str, object]


class Ask(msgspec.Struct, kw_only=True, frozen=True):
    """The parts of a request that its answer depends on.

    `conversation` is the text of all messages, and the seed of the answer, which is therefore the same in every wire
    format. `prompt` is the user's last message. `tool_results` are those since the model's last message. `schema` is
    the JSON schema of a structured answer; `{}` allows any object. `reasoning_tokens` is the length of the thinking.
    """

    model: str
    conversation: str
    prompt: str
    prompt_tokens: int
    tool_results: list[str] = []
    tools: list[Tool] = []
    tool_choice: ToolChoice = msgspec.field(default_factory=lambda: ToolChoice("auto"))
    parallel_tool_calls: bool = True
    schema: dict[str, object] | None = None
    max_tokens: int | None = None
    stops: list[str] = []
    reasoning_tokens: int = 0
    choices: int = 1
    stream: bool = False
    include_usage: bool = False
    reasoning_hidden: bool = False


class Turn(msgspec.Struct):
    """One message as text. `images` is the number of images in it."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_results: list[str] = []
    images: int = 0


class Conversation(msgspec.Struct):
    """What the answer depends on in a list of turns: see Ask. `tokens` is their number of prompt tokens."""

    text: str
    prompt: str
    tool_results: list[str]
    tokens: int


IMAGE_TOKENS: Final = 85
TURN_TOKENS: Final = 3


def read_conversation(turns: list[Turn]) -> Conversation:
    """The conversation that the turns make up.

    Prompt tokens are estimated: one for four bytes of UTF-8, 3 for each turn and for the start of the answer, 85 for
    an image.
    """
    since_model = turns[1 + max((at for at, turn in enumerate(turns) if turn.role == "assistant"), default=-1) :]
    spoken = [turn.text for turn in turns if turn.role == "user" and turn.text]
    return Conversation(
        text="\n".join(text for turn in turns for text in (turn.text, *turn.tool_results) if text),
        prompt=spoken[-1] if spoken else "",
        tool_results=[result for turn in since_model for result in turn.tool_results],
        tokens=TURN_TOKENS + sum(map(_turn_tokens, turns)),
    )


def text_tokens(text: str) -> int:
    """Estimated tokens of a text: a quarter of its UTF-8 bytes, rounded up."""
    return -(-len(text.encode()) // 4)


def _turn_tokens(turn: Turn) -> int:
    return TURN_TOKENS + sum(map(text_tokens, [turn.text, *turn.tool_results])) + IMAGE_TOKENS * turn.images
