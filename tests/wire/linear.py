"""Work grows with the size of what is read or written, not with its square: a few megabytes must not block a process.

CPU time is compared, not measured: eight times the input may take some eight times as long, more where it no longer
fits the processor's cache; quadratic work takes 64 times as long.
"""

import gc
import time
from collections.abc import Callable
from typing import Any, Final

from sealink.wire.dialects.anthropic_messages import CLIENT as MESSAGES
from sealink.wire.dialects.anthropic_messages import UPSTREAM as ANTHROPIC
from sealink.wire.dialects.bedrock_converse import UPSTREAM as BEDROCK
from sealink.wire.dialects.cohere_chat import UPSTREAM as COHERE
from sealink.wire.dialects.gemini_generate import UPSTREAM as GEMINI
from sealink.wire.dialects.ollama_chat import UPSTREAM as OLLAMA
from sealink.wire.dialects.openai_chat import CLIENT as CHAT_CLIENT
from sealink.wire.dialects.openai_chat import UPSTREAM as CHAT
from sealink.wire.dialects.openai_responses import CLIENT as RESPONSES_CLIENT
from sealink.wire.dialects.openai_responses import UPSTREAM as RESPONSES

UPSTREAMS: Final = {each.name: each for each in (ANTHROPIC, BEDROCK, COHERE, GEMINI, OLLAMA, CHAT, RESPONSES)}
CLIENTS: Final = {"messages": MESSAGES, "chat": CHAT_CLIENT, "responses": RESPONSES_CLIENT}
SAME: Final = [(CHAT.name, "chat"), (ANTHROPIC.name, "messages"), (RESPONSES.name, "responses")]
"""Upstreams and clients of one dialect."""

SIZE: Final = 2_000


MAX_RATIO: Final = 25
TRIES: Final = 3


def assert_linear(work: Callable[[Any], object], made: Callable[[int], Any], size: int = SIZE) -> None:
    """The best of a few tries counts, so that other processes do not matter."""
    small, large = made(size // 4), made(2 * size)
    ratios = []
    gc.disable()
    try:
        while len(ratios) < TRIES:
            ratios.append(_cpu_s(work, large) / min(_cpu_s(work, small), _cpu_s(work, small)))
            if ratios[-1] < MAX_RATIO:
                return
    finally:
        gc.enable()
    raise AssertionError(f"Eight times the input took {min(ratios):.0f} times as long.")


def _cpu_s(work: Callable[[Any], object], of: Any) -> float:
    start = time.process_time()
    work(of)
    return time.process_time() - start
