"""One operation of the admin API: what it takes and gives, and how it is run."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from sealink.access.changed_rules import wrong_type
from sealink.access.checks import wrong_name
from sealink.errors import InvalidRequest, NotFound
from sealink.http.endpoint import RequestContext
from sealink.http.responses import identity, send_json
from sealink.net.message import Request, Responder
from sealink.store.errors import StoreError, StoreUnavailable, answer_to


class Call(msgspec.Struct, frozen=True):
    """What a request gives to its operation: the name, id or month in its path, its query, its body, each as the
    operation takes it."""

    name: str
    query: Any
    body: Any


class CsvFile(msgspec.Struct, frozen=True):
    """An answer that is a file of CSV, for operations whose `format` asks for that."""

    name: str
    text: str


class Operation(msgspec.Struct, frozen=True):
    """A method on a path, which may have one `{…}` in it.

    `run` does it, in a thread. `query` and `body` are what it takes, `answer` what it gives, None for nothing. A PATCH
    takes some fields of `body`, and null for a field's default.
    """

    method: str
    path: str
    summary: str
    run: Callable[[Call], object]
    answer: type
    body: type | None = None
    query: type | None = None
    status: int = 200

    @property
    def place(self) -> str:
        """The path as the dispatcher knows it: with nothing behind its `{…}`."""
        return re.sub(r"\}.*", "}", self.path)

    @property
    def action(self) -> str:
        """What stands behind the `{…}`: `rotate`, or nothing."""
        return self.path.partition("}/")[2]


class Operations:
    """The handler of one method on one place: its operations, found by their actions."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._operations = operations

    async def __call__(self, request: Request, responder: Responder, context: RequestContext) -> None:
        name, _, action = context.path_tail.partition("/")
        operation = self._operations.get(action)
        if operation is None:
            raise NotFound(f"There is nothing at {request.path}.", code="unknown_url")
        call = Call(_name_of(name), _query_of(operation, request), _body_of(operation, request))
        try:
            answer = await asyncio.to_thread(operation.run, call)
        except (StoreUnavailable, StoreError) as error:
            raise answer_to(error) from error
        if isinstance(answer, CsvFile):
            _send_csv(responder, context, answer)
        else:
            send_json(responder, context, answer, status=operation.status)


def _send_csv(responder: Responder, context: RequestContext, answer: CsvFile) -> None:
    kind = ("content-type", "text/csv; charset=utf-8")
    file = ("content-disposition", f'attachment; filename="{answer.name}"')
    responder.send(200, [kind, file, *identity(context.request_id), *context.answer_headers], answer.text.encode())


def _name_of(text: str) -> str:
    name = unquote(text)
    if text and wrong_name(name) is not None:
        raise NotFound("Nothing has such a name.")
    return name


def _query_of(operation: Operation, request: Request) -> Any:
    if operation.query is None:
        return None
    given = dict(parse_qsl(request.query, keep_blank_values=True))
    try:
        return msgspec.convert(given, operation.query, strict=False)
    except msgspec.ValidationError as error:
        raise wrong_type(error) from error


def _body_of(operation: Operation, request: Request) -> Any:
    if operation.body is None:
        return None
    kind = dict[str, Any] if operation.method == "PATCH" else operation.body
    try:
        return msgspec.json.decode(request.body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise wrong_type(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not JSON: {error}", code="invalid_json") from error
