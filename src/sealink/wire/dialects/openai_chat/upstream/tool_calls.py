"""Which call of a streamed answer a tool-call delta belongs to, and its shape in OpenAI's stream.

OpenAI's rule: the first delta of a call has its index, id, type and name, the later ones its index and more
arguments, nothing else (https://platform.openai.com/docs/guides/function-calling#streaming). Vendors leave
out the index (Mistral) or start it above 0 (Claude behind OpenAI's format), use one index for several calls
(Gemini behind OpenRouter), and repeat ids and names, as they were, as "" or as null (Qwen, Writer).
The stock SDK glues together what is repeated.
"""

import re

import msgspec
from msgspec import UNSET, Raw, UnsetType

from sealink.wire.raw_json.fields import Fields, integer_of, is_null, object_of, parse_object, text_of, to_raw, without

_NOT_AN_ID_CHAR = re.compile(r"[^A-Za-z0-9_-]")


class FunctionView(msgspec.Struct, gc=False):
    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET


class CallView(msgspec.Struct, gc=False):
    """As much of a tool-call delta as shows whether it is of OpenAI's shape."""

    index: int
    function: FunctionView
    id: str | UnsetType = UNSET
    type: str | UnsetType = UNSET


class _Call(msgspec.Struct):
    """One call: where the upstream and where the client has it, and what the upstream has said of it.

    `is_whole`: its first delta brought all of its arguments.
    """

    upstream_index: int | None
    index: int
    id: str = ""
    name: str = ""
    opened: bool = False
    is_whole: bool = False


class _Said(msgspec.Struct):
    """What one delta says: `more` are its arguments, as text, `body` its `function` (or `custom`) object."""

    index: int | None
    id: str
    name: str
    more: str
    kind: str
    rest: str
    body: Fields


class ToolCalls:
    """The tool calls of one choice, in the order they began. Keeps no arguments."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def continues(self, view: CallView) -> bool:
        """Whether a delta is, as it stands, a later fragment of a call that the client knows."""
        if view.id is not UNSET or view.function.name is not UNSET or not 0 <= view.index < len(self._calls):
            return False
        call = self._calls[view.index]
        if any(later.upstream_index == view.index for later in self._calls[view.index + 1 :]):
            return False  # one index for several calls: it is the last one's
        return call.opened and call.upstream_index == view.index and view.type in (UNSET, "function")

    def mend(self, delta: Fields, answer_id: str) -> Fields | None:
        """A call's delta in OpenAI's shape, equal to `delta` where it has it; None if it says nothing yet."""
        said = _said(delta)
        call = self._place(said)
        is_news = bool(said.name) and not call.name
        call.id, call.name = call.id or said.id, call.name or said.name
        if call.opened:
            return _later(delta, call, said, with_name=is_news)
        if not said.name and not said.more:
            return None  # an id alone: wait for the name, the next delta brings it
        call.opened, call.is_whole = True, _is_object(said.more)
        return _first(delta, call, said, answer_id)

    def _place(self, said: _Said) -> _Call:
        known = self._known(said)
        if known is not None and _is_another(known, said):
            known = next((call for call in self._calls if said.id and call.id == said.id), None)
        if known is None:
            known = _Call(said.index, len(self._calls))
            self._calls.append(known)
        return known

    def _known(self, said: _Said) -> _Call | None:
        """The last call that has this index; or, without an index, this id; or, without any name, the last one."""
        for call in reversed(self._calls):
            if said.index is not None:
                found = call.upstream_index == said.index
            else:
                found = call.id == said.id if said.id else not said.name
            if found:
                return call
        return None


def in_whole_answer(call: Fields, index: int, answer_id: str) -> Fields:
    """A call of a not-streamed answer in OpenAI's shape, equal to `call` where it has it."""
    said = _said(call)
    mended = _first(call, _Call(None, index, id=said.id), said, answer_id)
    return {**mended, "index": call["index"]} if "index" in call else without(mended, "index")


def _said(delta: Fields) -> _Said:
    kind, rest = ("custom", "input") if "custom" in delta and "function" not in delta else ("function", "arguments")
    body = object_of(delta.get(kind)) or {}
    return _Said(
        index=integer_of(delta.get("index")),
        id=text_of(delta.get("id")) or "",
        name=text_of(body.get("name")) or "",
        more=_as_text(body.get(rest)),
        kind=kind,
        rest=rest,
        body=body,
    )


def _as_text(raw: Raw | None) -> str:
    """Arguments as the text that OpenAI has them in; some vendors send an object."""
    if raw is None or is_null(raw):
        return ""
    text = text_of(raw)
    return bytes(raw).decode() if text is None else text


def _is_another(known: _Call, said: _Said) -> bool:
    """Whether a delta with a known call's index begins a new call."""
    if said.id and known.id:
        return said.id != known.id
    if not said.name or not known.name:
        return False
    return said.name != known.name or (known.is_whole and bool(said.more))


def _first(delta: Fields, call: _Call, said: _Said, answer_id: str) -> Fields:
    mended = {**delta, "index": to_raw(call.index), "type": to_raw(said.kind)}
    if not text_of(delta.get("id")):
        mended["id"] = to_raw(call.id or _made_up_id(answer_id, call.index))
    return _with_body(mended, said, with_name=True, with_more=True)


def _later(delta: Fields, call: _Call, said: _Said, *, with_name: bool) -> Fields:
    mended = {**without(delta, "id"), "index": to_raw(call.index)}
    if delta.get("type") != to_raw(said.kind):
        mended.pop("type", None)
    return _with_body(mended, said, with_name=with_name, with_more=bool(said.more))


def _with_body(mended: Fields, said: _Said, *, with_name: bool, with_more: bool) -> Fields:
    """The delta with its `function`, in which name and arguments are left out or made what they should be."""
    body = dict(said.body)
    if not with_name or not said.name:
        body.pop("name", None)
    if with_more and text_of(body.get(said.rest)) is None:
        body[said.rest] = to_raw(said.more)
    elif is_null(body.get(said.rest)):
        body.pop(said.rest, None)
    if body != said.body or said.kind not in mended or not said.body:
        mended[said.kind] = to_raw(body)
    return mended


def _is_object(arguments: str) -> bool:
    text = arguments.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return False
    try:
        parse_object(text.encode())
    except (ValueError, RecursionError):
        return False
    return True


def _made_up_id(answer_id: str, index: int) -> str:
    """For a call that the upstream gave no id: a client needs one to answer it. At most 40 characters, as OpenAI's."""
    return f"call_{_NOT_AN_ID_CHAR.sub('_', answer_id)[-30:]}_{index}"
