"""Tool-call deltas → the shape in which OpenAI sends them, once it is known which call each belongs to.

OpenAI's rule: the first delta of a call has its index, id, type and name, the later ones its index and more
arguments, nothing else (https://platform.openai.com/docs/guides/function-calling#streaming). The stock SDK merges by
index and concatenates texts. Vendors leave out the index (Mistral) or start it above 0 (Claude behind OpenAI's format),
use one index for several calls (Gemini behind OpenRouter), and repeat ids and names, as they were, as "" or as null
(Qwen, Writer); they make a new id for each delta (github.com/cubist38/mlx-openai-server/pull/216), send arguments
before the name (github.com/vercel/ai/issues/14722), or one id for all calls
(github.com/xorbitsai/inference/issues/4237).

One rule for all: a delta belongs to the call of its index, and only one with a name can begin another. What comes
before the name is kept until the name is there.
"""

import re

import msgspec
from msgspec import UNSET, Raw, UnsetType

from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.identifiers import UniqueIds
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
    """One call. `number` counts the calls as they began; `index` is the client's, None until the call is opened.

    `id` and `name` are the upstream's, "" until they have come. `is_whole`: its first fragment was all of its
    arguments. `kept` are the fields that came before it was opened, `kept_fragments` its arguments before that.
    """

    number: int
    index: int | None = None
    id: str = ""
    name: str = ""
    has_arguments: bool = False
    is_whole: bool = False
    kept: Fields = {}
    kept_body: Fields = {}
    kept_fragments: list[str] = []


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
    """The tool calls of one choice. Keeps no arguments but those that come before a call's name."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._opened: list[_Call] = []
        self._waiting: _Call | None = None
        self._last_of_index: dict[int, _Call] = {}
        self._first_of_id: dict[str, _Call] = {}
        self._last_of_id: dict[str, _Call] = {}
        self._ids = UniqueIds()

    def __bool__(self) -> bool:
        return bool(self._calls)

    @property
    def is_waiting(self) -> bool:
        """Whether a call has its name, and waits for an id or arguments."""
        return self._waiting is not None

    def continues(self, view: CallView) -> bool:
        """Whether a delta is, unchanged, a further fragment of a call that the client knows."""
        if view.id is not UNSET or view.function.name is not UNSET or not 0 <= view.index < len(self._opened):
            return False
        call = self._opened[view.index]
        is_its_last = self._last_of_index.get(view.index) is call  # one index for several calls: it is the last one's
        if not is_its_last or view.type not in (UNSET, "function"):
            return False
        call.has_arguments = call.has_arguments or bool(view.function.arguments)
        return True

    def normalize(self, fields: Fields, answer_id: str) -> list[Fields]:
        """What the client gets of a delta, in OpenAI's shape: itself, equal to `fields`, where nothing has to be
        changed; nothing as long as its call has no name."""
        delta = _parse(fields)
        call = self._place(delta)
        has_more_name = bool(delta.name) and delta.name != call.name
        if has_more_name:
            call.name += delta.name
        if delta.id and not call.id:
            self._identify(call, delta.id)
        if delta.fragment and not call.has_arguments:
            call.has_arguments, call.is_whole = True, _is_object(delta.fragment)
        if call.index is not None:
            return [_later(fields, call.index, delta, with_name=has_more_name)]
        ready = self.release(answer_id) if self._waiting is not call else []
        _keep(call, fields, delta)
        if not call.name:
            return ready
        if not call.id and not call.has_arguments:
            self._waiting = call
            return ready
        return [*ready, self._open(call, answer_id)]

    def release(self, answer_id: str) -> list[Fields]:
        """The first delta of the call that waits, if there is one: the next call begins, or the answer ends."""
        call, self._waiting = self._waiting, None
        return [] if call is None else [self._open(call, answer_id)]

    def require_names(self) -> None:
        """Raises UpstreamError if arguments came for a call whose name never did."""
        if any(call.index is None and call.has_arguments for call in self._calls):
            raise malformed("a tool call has no name.")

    def _place(self, delta: _Delta) -> _Call:
        """The call that a delta belongs to; a new one if that is none so far."""
        call = self._known(delta)
        if call is not None and delta.id != call.id and delta.id in self._first_of_id:
            call = self._first_of_id[delta.id]  # one index for several calls, each delta with its call's id
        if call is not None and _is_another(call, delta):
            call = None
        if call is None:
            call = _Call(len(self._calls))
            self._calls.append(call)
            if delta.index is not None:
                self._last_of_index[delta.index] = call
        return call

    def _known(self, delta: _Delta) -> _Call | None:
        """The last call that has this index; or else this id; or, of deltas without an index, the last call if it
        still needs a name, this delta has none, or its arguments only go on."""
        if delta.index is not None and delta.index in self._last_of_index:
            return self._last_of_index[delta.index]
        if delta.id in self._last_of_id and (delta.index is None or not delta.name):
            return self._last_of_id[delta.id]
        last = self._calls[-1] if self._calls and delta.index is None else None
        goes_on = last is not None and (not delta.name or not last.name or _goes_on(last, delta))
        return last if goes_on else None

    def _identify(self, call: _Call, id: str) -> None:
        call.id = id
        self._first_of_id.setdefault(id, call)
        if id not in self._last_of_id or self._last_of_id[id].number < call.number:
            self._last_of_id[id] = call

    def _open(self, call: _Call, answer_id: str) -> Fields:
        """The first delta that the client gets of a call: all that was kept."""
        self._waiting = None
        call.index = len(self._opened)
        self._opened.append(call)
        id = self._ids.take(call.id or _made_up_id(answer_id, call.index))
        kept = call.kept
        delta = _Delta(None, id, call.name, "".join(call.kept_fragments), *_kind_of(kept), call.kept_body)
        call.kept, call.kept_body, call.kept_fragments = {}, {}, []
        return _first(kept, call.index, delta)


def whole_calls(calls: list[Fields], answer_id: str) -> list[Fields]:
    """The calls of a not-streamed answer in OpenAI's shape, each equal to what was given where it has it."""
    ids = UniqueIds()
    return [_whole_call(call, index, ids, answer_id) for index, call in enumerate(calls)]


def _whole_call(call: Fields, index: int, ids: UniqueIds, answer_id: str) -> Fields:
    delta = _parse(call)
    delta.id = ids.take(delta.id or _made_up_id(answer_id, index))
    normalized = _first(call, index, delta)
    return {**normalized, "index": call["index"]} if "index" in call else without(normalized, "index")


def _parse(fields: Fields) -> _Delta:
    kind, text_field = _kind_of(fields)
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


def _kind_of(fields: Fields) -> tuple[str, str]:
    """The name of a call's object, and of the field of that which has its arguments."""
    return ("custom", "input") if "custom" in fields and "function" not in fields else ("function", "arguments")


def _as_text(raw: Raw | None) -> str:
    """Arguments as text; some vendors send an object."""
    if raw is None or is_null(raw):
        return ""
    text = text_of(raw)
    return bytes(raw).decode() if text is None else text


def _is_another(call: _Call, delta: _Delta) -> bool:
    """Whether a delta begins another call than the one that has its index or its id."""
    if not delta.name or not call.name:
        return False
    if delta.id and call.id and delta.id != call.id:
        return not _goes_on(call, delta)
    if delta.name == call.name:
        return call.is_whole and bool(delta.fragment.strip())
    return call.has_arguments  # before that, it is more of the name


def _goes_on(call: _Call, delta: _Delta) -> bool:
    """Whether a delta of the same name but another id can only have more arguments of the call: a function's begin with
    a brace. Such servers repeat all in each delta, and make a new id for it."""
    fragment = delta.fragment.lstrip()
    is_unfinished = call.name == delta.name and call.has_arguments and not call.is_whole
    return is_unfinished and delta.kind == "function" and bool(fragment) and not fragment.startswith("{")


def _keep(call: _Call, fields: Fields, delta: _Delta) -> None:
    """Keep what comes before a call is opened."""
    call.kept.update(fields)
    call.kept_body.update(delta.body)
    call.kept_fragments.append(delta.fragment)


def _first(fields: Fields, index: int, delta: _Delta) -> Fields:
    normalized = {**fields, "index": to_raw(index), "type": to_raw(delta.kind)}
    if text_of(fields.get("id")) != delta.id:
        normalized["id"] = to_raw(delta.id)
    return _with_body(normalized, delta, with_name=True, with_fragment=True)


def _later(fields: Fields, index: int, delta: _Delta, *, with_name: bool) -> Fields:
    normalized = {**without(fields, "id"), "index": to_raw(index)}
    if fields.get("type") != to_raw(delta.kind):
        normalized.pop("type", None)
    return _with_body(normalized, delta, with_name=with_name, with_fragment=bool(delta.fragment))


def _with_body(normalized: Fields, delta: _Delta, *, with_name: bool, with_fragment: bool) -> Fields:
    """The delta with its `function`, in which name and arguments are left out or made text."""
    body = dict(delta.body)
    if not with_name or not delta.name:
        body.pop("name", None)
    elif text_of(body.get("name")) != delta.name:
        body["name"] = to_raw(delta.name)
    if with_fragment and text_of(body.get(delta.text_field)) != delta.fragment:
        body[delta.text_field] = to_raw(delta.fragment)
    elif is_null(body.get(delta.text_field)):
        body.pop(delta.text_field, None)
    if body != (object_of(normalized.get(delta.kind)) or {}) or not body:
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
