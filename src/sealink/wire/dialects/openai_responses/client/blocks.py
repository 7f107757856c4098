"""Blocks on their way to a Responses client, each as the frames of an item. An empty block gets no frames.

`add` returns the frames for some more of a block's text, `close` those that end it.
"""

from typing import Any, Protocol

import msgspec
from msgspec import Raw

from sealink.events import Citation
from sealink.wire.dialects.openai_responses.annotations import write_annotation
from sealink.wire.dialects.openai_responses.client.items import Items, Place
from sealink.wire.dialects.openai_responses.signatures import FOREIGN
from sealink.wire.dialects.shared.tool_arguments import free_text, is_object
from sealink.wire.raw_json.fields import array_of


class Block(Protocol):
    """`signature` is the whole block's: it is complete before the block ends."""

    def add(self, text: str) -> bytes: ...
    def close(self, signature: str) -> bytes: ...


class TextBlock:
    """A part of a message: text, or a refusal. `starts_at`: how many characters of the answer's text precede it."""

    def __init__(self, items: Items, kind: str, starts_at: int) -> None:
        self.chars = 0
        self._items = items
        self._starts_at = starts_at
        self._is_refusal = kind == "refusal"
        self._name = "refusal" if self._is_refusal else "text"
        self._event = "response.refusal" if self._is_refusal else "response.output_text"
        self._place: Place | None = None
        self._part: dict[str, Any] = {}
        self._where: dict[str, Any] = {}
        self._opening = b""
        self._pieces: list[str] = []

    def add(self, text: str) -> bytes:
        if not text:
            return b""
        before = b"" if self._opening else self._open()
        self._pieces.append(text)
        self.chars += len(text)
        return before + self._items.delta(self._opening, text)

    def cite(self, citation: Citation) -> bytes:
        before = b"" if self._opening else self._open()
        note = write_annotation(citation, self._starts_at, self.chars)
        notes = self._part.setdefault("annotations", [])
        notes.append(note)
        added = {"annotation_index": len(notes) - 1, "annotation": note}
        return before + self._items.frame("response.output_text.annotation.added", **self._where, **added)

    def add_logprobs(self, tokens: bytes) -> bytes:
        """Log probabilities of the text added last. This API has them in a delta: here in one without text."""
        if self._is_refusal:
            return b""
        before = b"" if self._opening else self._open()
        logprobs = array_of(Raw(tokens)) or []
        self._part["logprobs"] += logprobs
        return before + self._items.frame(f"{self._event}.delta", **self._where, delta="", logprobs=logprobs)

    def close(self, signature: str) -> bytes:
        if self._place is None:
            return signature_item(self._items, signature)
        text = self._part[self._name] = "".join(self._pieces)
        logprobs = {} if self._is_refusal else {"logprobs": self._part["logprobs"]}
        out = self._items.frame(f"{self._event}.done", **self._where, **{self._name: text}, **logprobs)
        out += self._items.frame("response.content_part.done", **self._where, part=self._part)
        return out + self._items.part_done(self._place) + signature_item(self._items, signature)

    def _open(self) -> bytes:
        self._place, before = self._items.message()
        content = self._place.item["content"]
        part = len(content)
        self._where = {"item_id": self._place.item["id"], "output_index": self._place.index, "content_index": part}
        logprobs: dict[str, Any] = {} if self._is_refusal else {"logprobs": []}
        self._opening = self._items.opening(f"{self._event}.delta", self._place, content_index=part, **logprobs)
        if self._is_refusal:
            self._part = {"type": "refusal", "refusal": ""}
        else:
            self._part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        content.append(self._part)
        self._place.open_parts += 1
        return before + self._items.frame("response.content_part.added", **self._where, part=self._part)


class ThinkingBlock:
    """A reasoning item, its text as a summary: what clients show, and send back whole.

    Unsigned thinking gets the prefix too: OpenAI refuses a reasoning item that is not its own.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        self._place: Place | None = None
        self._where: dict[str, Any] = {}
        self._opening = b""
        self._pieces: list[str] = []

    def add(self, text: str) -> bytes:
        if not text:
            return b""
        before = b"" if self._opening else self._open()
        self._pieces.append(text)
        return before + self._items.delta(self._opening, text)

    def close(self, signature: str) -> bytes:
        if self._place is None:
            return signature_item(self._items, signature)
        part = {"type": "summary_text", "text": "".join(self._pieces)}
        out = self._items.frame("response.reasoning_summary_text.done", **self._where, text=part["text"])
        out += self._items.frame("response.reasoning_summary_part.done", **self._where, part=part)
        return out + self._items.finish(self._place, summary=[part], encrypted_content=FOREIGN + signature)

    def _open(self) -> bytes:
        self._place, before = self._items.add("rs", "reasoning", summary=[])
        self._where = {"item_id": self._place.item["id"], "output_index": self._place.index, "summary_index": 0}
        self._opening = self._items.opening("response.reasoning_summary_text.delta", self._place, summary_index=0)
        part = {"type": "summary_text", "text": ""}
        return before + self._items.frame("response.reasoning_summary_part.added", **self._where, part=part)


class Called(msgspec.Struct):
    """Which tool is called, and the call's id. Upstreams know a tool of a namespace as `namespace__name`."""

    id: str
    name: str
    namespace: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        if not self.namespace:
            return {"call_id": self.id, "name": self.name}
        name = self.name.removeprefix(f"{self.namespace}__")
        return {"call_id": self.id, "name": name, "namespace": self.namespace}


class CallBlock:
    """A call of a function, or of a custom tool."""

    def __init__(self, items: Items, called: Called, *, is_custom: bool) -> None:
        self._items = items
        self._is_custom = is_custom
        self._event = "response.custom_tool_call_input" if is_custom else "response.function_call_arguments"
        self._pieces: list[str] = []
        prefix, type, self._field = _CUSTOM if is_custom else _FUNCTION
        self._place, self.added = items.add(prefix, type, status="in_progress", **called.fields, **{self._field: ""})
        self._opening = items.opening(f"{self._event}.delta", self._place)

    def add(self, text: str) -> bytes:
        if not text:
            return b""
        self._pieces.append(text)
        return self._items.delta(self._opening, text)

    def close(self, signature: str) -> bytes:
        """A function that was called without arguments is reported as called with an empty object."""
        before = b"" if self._pieces or self._is_custom else self.add("{}")
        text = "".join(self._pieces)
        where = {"item_id": self._place.item["id"], "output_index": self._place.index}
        name = {} if self._is_custom else {"name": self._place.item["name"]}
        before += self._items.frame(f"{self._event}.done", **where, **name, **{self._field: text})
        return before + self._items.finish(self._place, **{self._field: text}) + signature_item(self._items, signature)


class FreeTextBlock:
    """A call of a custom tool that the upstream knows as a function with one text. Sent once its text is whole."""

    def __init__(self, items: Items, called: Called) -> None:
        self._items = items
        self._called = called
        self._pieces: list[str] = []

    def add(self, text: str) -> bytes:
        self._pieces.append(text)
        return b""

    def close(self, signature: str) -> bytes:
        call = CallBlock(self._items, self._called, is_custom=True)
        return call.added + call.add(free_text("".join(self._pieces))) + call.close(signature)


class ToolSearchBlock:
    """A call of the client's search for tools, which upstreams know as a function. Sent once its arguments are whole.

    https://developers.openai.com/api/docs/guides/tools-tool-search
    """

    def __init__(self, items: Items, call_id: str) -> None:
        self._items = items
        self._call_id = call_id
        self._pieces: list[str] = []

    def add(self, text: str) -> bytes:
        self._pieces.append(text)
        return b""

    def close(self, signature: str) -> bytes:
        text = "".join(self._pieces)
        arguments = Raw(text.encode()) if is_object(text) else {"query": text}
        call = {"call_id": self._call_id, "execution": "client", "arguments": arguments, "status": "completed"}
        return self._items.at_once("tsc", "tool_search_call", **call) + signature_item(self._items, signature)


_FUNCTION = ("fc", "function_call", "arguments")
_CUSTOM = ("ctc", "custom_tool_call", "input")


def signature_item(items: Items, signature: str) -> bytes:
    """The signature of a block other than thinking, as a reasoning item after it."""
    if not signature:
        return b""
    return items.at_once("rs", "reasoning", summary=[], encrypted_content=FOREIGN + signature)
