"""An upstream that remembers how many tokens it has sent for each request, by the name that the request has.

The one message of a request says what is wanted: `NAME KIND TOKENS`. `whole` and `stream` answers are sent to their
end; `held` ones stay open in their midst, `endless` ones behind all of their tokens, until they are released.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from acceptance.made_streams import PROMPT_TOKENS, openai_stream
from replay import Answer, Request

Kind = Literal["whole", "stream", "endless", "held"]


@dataclass
class Wanted:
    """What a request wants, and how many tokens it was sent. `is_stated`: the answer has its usage at its end."""

    kind: Kind
    tokens: int

    @property
    def is_stated(self) -> bool:
        return self.kind != "endless"


class AccountsUpstream:
    """`answer` is for a ReplayingUpstream."""

    def __init__(self) -> None:
        self.asked: dict[str, Wanted] = {}

    def answer(self, request: Request) -> Answer:
        name, kind, tokens = request.json["messages"][0]["content"].split()
        wanted = self.asked[name] = Wanted(kind, int(tokens))
        if kind == "whole":
            return Answer(_whole(wanted.tokens), headers=[("content-type", "application/json")], framing="length")
        stream = openai_stream([" hello"] * wanted.tokens)
        if kind == "endless":
            stream = stream[: stream.index(b'"finish_reason":"stop"')]
            stream = stream[: stream.rindex(b"data: ")]
            return Answer(stream, held_at=len(stream))
        return Answer(stream, held_at=len(stream) // 2 if kind == "held" else None)


def _whole(tokens: int) -> bytes:
    message = {"role": "assistant", "content": "x" * tokens}
    answer: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": tokens,
            "total_tokens": PROMPT_TOKENS + tokens,
        },
    }
    return json.dumps(answer).encode()
