"""Tool-call deltas → the shape in which OpenAI sends them, once it is known which call each belongs to.

OpenAI's rule: the first delta of a call has its index, id, type and name, the later ones its index and more
arguments, nothing else (https://platform.openai.com/docs/guides/function-calling#streaming). Vendors leave
out the index (Mistral) or start it above 0 (Claude behind OpenAI's format), use one index for several calls
(Gemini behind OpenRouter), and repeat ids and names, as they were, as "" or as null (Qwen, Writer).
The stock SDK concatenates what is repeated.
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
    """The part of a tool-call delta that shows whether it is in OpenAI's shape."""

    index: int
    function: FunctionView
    id: str | UnsetType = UNSET
    type: str | UnsetType = UNSET


class _Call(msgspec.Struct):
    """One call: its index at the upstream and for the client, and its id and name, "" until they have come.

    `is_whole`: its first delta had all of its arguments.
    """

    upstream_index: int | None
    index: int
    id: str = ""
    name: str = ""
    opened: bool = False
    is_whole: bool = False


class _Delta(msgspec.Struct):
    """One parsed delta. `fragment` is the text of its arguments, `body` its `function` or `custom` object, `kind` which
    of the two, and `text_field` the field of `body` that the fragment is in."""

    index: int | None
    id: str
    name: str
    fragment: str
    kind: str
    text_field: str
    body: Fields


class ToolCalls:
    """The tool calls of one choice, in the order in which they began. Keeps no arguments."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._last_of_index: dict[int, _Call] = {}
        self._first_of_id: dict[str, _Call] = {}
        self._last_of_id: dict[str, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def continues(self, view: CallView) -> bool:
        """Whether a delta is, unchanged, a further fragment of a call that the client knows."""
        if view.id is not UNSET or view.function.name is not UNSET or not 0 <= view.index < len(self._calls):
            return False
        call = self._calls[view.index]
        is_its_last = self._last_of_index.get(view.index) is call  # one index for several calls: it is the last one's
        return is_its_last and call.opened and view.type in (UNSET, "function")

    def normalize(self, fields: Fields, answer_id: str) -> Fields | None:
        """A delta in OpenAI's shape, equal to `fields` where nothing has to be changed; None if it is left out."""
        delta = _parse(fields)
        call = self._place(delta)
        has_new_name = bool(delta.name) and not call.name
        call.name = call.name or delta.name
        if delta.id and not call.id:
            self._identify(call, delta.id)
        if call.opened:
            return _later(fields, call, delta, with_name=has_new_name)
        if not delta.name and not delta.fragment:
            return None  # an id alone: the name comes with the next delta
        call.opened, call.is_whole = True, _is_object(delta.fragment)
        return _first(fields, call, delta, answer_id)

    def _place(self, delta: _Delta) -> _Call:
        known = self._known(delta)
        if known is not None and _is_another(known, delta):
            known = self._first_of_id.get(delta.id) if delta.id else None
        if known is None:
            known = _Call(delta.index, len(self._calls))
            self._calls.append(known)
            if delta.index is not None:
                self._last_of_index[delta.index] = known
        return known

    def _identify(self, call: _Call, id: str) -> None:
        call.id = id
        self._first_of_id.setdefault(id, call)
        if id not in self._last_of_id or self._last_of_id[id].index < call.index:
            self._last_of_id[id] = call

    def _known(self, delta: _Delta) -> _Call | None:
        """The last call that has this index; or, without an index, this id; or, without any name, the last one."""
        if delta.index is not None:
            return self._last_of_index.get(delta.index)
        if delta.id:
            return self._last_of_id.get(delta.id)
        return None if delta.name or not self._calls else self._calls[-1]


def in_whole_answer(call: Fields, index: int, answer_id: str) -> Fields:
    """A call of a not-streamed answer in OpenAI's shape, equal to `call` where it has it."""
    delta = _parse(call)
    normalized = _first(call, _Call(None, index, id=delta.id), delta, answer_id)
    return {**normalized, "index": call["index"]} if "index" in call else without(normalized, "index")


def _parse(fields: Fields) -> _Delta:
    kind, text_field = (
        ("custom", "input") if "custom" in fields and "function" not in fields else ("function", "arguments")
    )
    body = object_of(fields.get(kind)) or {}
    return _Delta(
        index=integer_of(fields.get("index")),
        id=text_of(fields.get("id")) or "",
        name=text_of(body.get("name")) or "",
        fragment=_as_text(body.get(text_field)),
        kind=kind,
        text_field=text_field,
        body=body,
    )


def _as_text(raw: Raw | None) -> str:
    """Arguments as text; some vendors send an object."""
    if raw is None or is_null(raw):
        return ""
    text = text_of(raw)
    return bytes(raw).decode() if text is None else text


def _is_another(known: _Call, delta: _Delta) -> bool:
    """Whether a delta with a known call's index starts another call."""
    if delta.id and known.id:
        return delta.id != known.id
    if not delta.name or not known.name:
        return False
    return delta.name != known.name or (known.is_whole and bool(delta.fragment))


def _first(fields: Fields, call: _Call, delta: _Delta, answer_id: str) -> Fields:
    normalized = {**fields, "index": to_raw(call.index), "type": to_raw(delta.kind)}
    if not text_of(fields.get("id")):
        normalized["id"] = to_raw(call.id or _made_up_id(answer_id, call.index))
    return _with_body(normalized, delta, with_name=True, with_fragment=True)


def _later(fields: Fields, call: _Call, delta: _Delta, *, with_name: bool) -> Fields:
    normalized = {**without(fields, "id"), "index": to_raw(call.index)}
    if fields.get("type") != to_raw(delta.kind):
        normalized.pop("type", None)
    return _with_body(normalized, delta, with_name=with_name, with_fragment=bool(delta.fragment))


def _with_body(normalized: Fields, delta: _Delta, *, with_name: bool, with_fragment: bool) -> Fields:
    """The delta with its `function`, in which name and arguments are left out or made text."""
    body = dict(delta.body)
    if not with_name or not delta.name:
        body.pop("name", None)
    if with_fragment and text_of(body.get(delta.text_field)) is None:
        body[delta.text_field] = to_raw(delta.fragment)
    elif is_null(body.get(delta.text_field)):
        body.pop(delta.text_field, None)
    if body != delta.body or delta.kind not in normalized or not delta.body:
        normalized[delta.kind] = to_raw(body)
    return normalized


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
    """An id for a call that has none: a client needs one to answer it. At most 40 characters, as OpenAI's have."""
    return f"call_{_NOT_AN_ID_CHAR.sub('_', answer_id)[-30:]}_{index}"
