"""What a Messages stream must be for Anthropic's clients to read it, checked byte by byte.

https://platform.claude.com/docs/en/build-with-claude/streaming, and what the SDKs' accumulators rely on: the message
first, one block at a time, each at its place in the list, the usage cumulative, one ending and nothing after it.
"""

import json
from typing import Any

STOP_REASONS = {
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded",
}  # fmt: skip

DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "redacted_thinking": set(),
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
    "mcp_tool_use": {"input_json_delta"},
    "compaction": {"compaction_delta"},
}
"""Which deltas a block takes. Blocks of other types come whole."""

TEXT_OF = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}


def complaints(body: bytes, *, may_fail: bool = False) -> list[str]:
    """What is wrong with a stream. `may_fail`: it may end in an error instead of a message_stop."""
    reader = _Reader()
    for frame in _frames(body, reader):
        reader.read(*frame)
    reader.close(may_fail)
    return reader.faults


def _frames(body: bytes, reader: "_Reader") -> list[tuple[str, dict[str, Any]]]:
    if body and not body.endswith((b"\n\n", b":\n")):
        reader.faults.append("the last frame is not closed")
    found = []
    for raw in body.decode().split("\n\n"):
        lines = [line for line in raw.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        if len(lines) != 2 or not lines[0].startswith("event: ") or not lines[1].startswith("data: "):
            reader.faults.append(f"not an event line and a data line: {raw!r}")
            continue
        found.append((lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))))
    return found


class _Reader:
    def __init__(self) -> None:
        self.faults: list[str] = []
        self._events = 0
        self._blocks = 0
        self._open: dict[str, Any] | None = None
        self._json = ""
        self._stop_reason: str | None = None
        self._ending = ""

    def read(self, name: str, data: dict[str, Any]) -> None:
        if self._ending:
            self.faults.append(f"{name} after {self._ending}")
        if data.get("type") != name:
            self.faults.append(f"event {name} with data of type {data.get('type')}")
        if name == "ping":
            return
        if (self._events == 0) != (name == "message_start") and name != "error":
            self.faults.append(f"{name} as event {self._events}")
        self._events += 1
        getattr(self, f"_{name}", self._unknown)(data)

    def close(self, may_fail: bool) -> None:
        if not self._ending or (self._ending == "error" and not may_fail):
            self.faults.append(f"ends in {self._ending or 'nothing'}")

    def _unknown(self, data: dict[str, Any]) -> None:
        self.faults.append(f"an event {data.get('type')!r}")

    def _message_start(self, data: dict[str, Any]) -> None:
        message = data["message"]
        fixed = {"type": "message", "role": "assistant", "content": [], "stop_reason": None, "stop_sequence": None}
        self.faults += [
            f"message.{name} is {message.get(name)!r}" for name in fixed if message.get(name) != fixed[name]
        ]
        self.faults += [f"message.{name} is empty" for name in ("id", "model") if not message.get(name)]
        self._check_usage(message.get("usage"))

    def _content_block_start(self, data: dict[str, Any]) -> None:
        block = data["content_block"]
        if data["index"] != self._blocks:
            self.faults.append(f"block {self._blocks} has index {data['index']}")
        if self._open is not None:
            self.faults.append(f"block {self._blocks} opens inside another one")
        if block["type"] == "tool_use" and not (block.get("id") and block.get("name")):
            self.faults.append("a tool_use without an id or a name")
        if self._stop_reason is not None:
            self.faults.append("a block after the stop_reason")
        self._blocks += 1
        self._open, self._json = block, ""

    def _content_block_delta(self, data: dict[str, Any]) -> None:
        delta = data["delta"]
        if self._open is None or data["index"] != self._blocks - 1:
            self.faults.append(f"a delta for block {data['index']}, which is not open")
        elif delta["type"] not in DELTAS.get(self._open["type"], set()):
            self.faults.append(f"a {delta['type']} for a {self._open['type']}")
        if delta["type"] in TEXT_OF and not isinstance(delta[TEXT_OF[delta["type"]]], str):
            self.faults.append(f"a {delta['type']} without text")
        self._json += delta.get("partial_json") or ""

    def _content_block_stop(self, data: dict[str, Any]) -> None:
        if self._open is None or data["index"] != self._blocks - 1:
            self.faults.append(f"block {data['index']} ends, which is not open")
        self._open = None

    def _message_delta(self, data: dict[str, Any]) -> None:
        if self._open is not None:
            self.faults.append("message_delta inside a block")
        self._stop_reason = data["delta"]["stop_reason"]
        if self._stop_reason not in STOP_REASONS:
            self.faults.append(f"stop_reason {self._stop_reason!r}")
        if (self._stop_reason == "stop_sequence") != (data["delta"].get("stop_sequence") is not None):
            self.faults.append(f"{self._stop_reason} with stop_sequence {data['delta'].get('stop_sequence')!r}")
        self._check_usage(data.get("usage"))

    def _message_stop(self, data: dict[str, Any]) -> None:
        if self._stop_reason is None:
            self.faults.append("message_stop without a stop_reason")
        self._ending = "message_stop"

    def _error(self, data: dict[str, Any]) -> None:
        error = data.get("error") or {}
        if not (error.get("type") and isinstance(error.get("message"), str)):
            self.faults.append(f"an error without a type or words: {error}")
        self._ending = "error"

    def _check_usage(self, usage: Any) -> None:
        if not isinstance(usage, dict) or not isinstance(usage.get("output_tokens"), int):
            self.faults.append(f"usage {usage}")
            return
        for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
            if not isinstance(usage.get(name, 0) or 0, int) or (usage.get(name) or 0) < 0:
                self.faults.append(f"usage.{name} is {usage.get(name)!r}")
