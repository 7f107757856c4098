"""The turns of a conversation, for dialects in which user and assistant must alternate."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from sealink.request import Message

_ROLES: Final = {"user": "user", "tool": "user", "assistant": "assistant"}

Content = TypeVar("Content")


class Turn(msgspec.Struct, Generic[Content]):
    """All consecutive messages of one role, as content of the dialect."""

    role: str
    content: list[Content]


def alternating_turns(
    messages: Sequence[Message],
    write: Callable[[Message], list[Content]],
    is_tool_result: Callable[[Content], bool],
) -> list[Turn[Content]]:
    """All messages but the system's, each written with `write`; one of which nothing is left takes no turn.

    Tool results are moved to the front of their turn, which follows the calls.
    """
    turns: list[Turn[Content]] = []
    for message in messages:
        if message.role == "system":
            continue
        role, content = _ROLES[message.role], write(message)
        if turns and turns[-1].role == role:
            turns[-1].content += content
        elif content:
            turns.append(Turn(role, content))
    for turn in turns:
        turn.content.sort(key=lambda each: not is_tool_result(each))
    return turns
