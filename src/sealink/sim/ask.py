"""What a request asks of the simulated model, whichever wire format it came in."""

from typing import Final, Literal

import msgspec

from sealink.request import ToolChoice

REASONING_TOKENS: Final = {
    "none": 0, "minimal": 12, "low": 30, "medium": 60, "high": 120, "xhigh": 200, "max": 300,
}  # fmt: skip
"""How long the simulated model thinks for each effort, in tokens."""


class Tool(msgspec.Struct, frozen=True):
    """A function that may be called, with the JSON schema of its arguments."""

    name: str
    schema: dict[str, object]


class Ask(msgspec.Struct, kw_only=True, frozen=True):
    """`conversation` is all text in the request's messages (the answer is seeded by it: the same in every wire
    format), `prompt` the user's last words.

    `tool_results` are those that came after the model's last turn. `schema` asks for an answer in JSON;
    `{}` stands for any object. `reasoning_tokens` is how long to think first.
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
    """One message of the conversation as text, with the tool results in it."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_results: list[str] = []
    images: int = 0


class Conversation(msgspec.Struct):
    """What the answer depends on in a list of turns."""

    text: str
    prompt: str
    tool_results: list[str]
    tokens: int


IMAGE_TOKENS: Final = 85
TURN_TOKENS: Final = 3


def read_conversation(turns: list[Turn]) -> Conversation:
    """Prompt tokens are counted simply: a quarter of the text's UTF-8 bytes, three for each turn and for
    the answer's start, 85 for an image."""
    since_model = turns[1 + max((at for at, turn in enumerate(turns) if turn.role == "assistant"), default=-1) :]
    spoken = [turn.text for turn in turns if turn.role == "user" and turn.text]
    return Conversation(
        text="\n".join(text for turn in turns for text in (turn.text, *turn.tool_results) if text),
        prompt=spoken[-1] if spoken else "",
        tool_results=[result for turn in since_model for result in turn.tool_results],
        tokens=TURN_TOKENS + sum(map(_turn_tokens, turns)),
    )


def text_tokens(text: str) -> int:
    """Prompt tokens of a text: a quarter of its UTF-8 bytes, rounded up."""
    return -(-len(text.encode()) // 4)


def _turn_tokens(turn: Turn) -> int:
    return TURN_TOKENS + sum(map(text_tokens, [turn.text, *turn.tool_results])) + IMAGE_TOKENS * turn.images
