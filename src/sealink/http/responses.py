"""What answers have in common: their headers, JSON bodies, and the ids of requests."""

import os
import random
from typing import Final

import msgspec

from sealink.errors import HeaderList
from sealink.http.endpoint import RequestContext
from sealink.net.message import Responder

JSON: Final[HeaderList] = (("content-type", "application/json"),)

_random = random.Random()  # seeded by the system, once for each process
os.register_at_fork(after_in_child=_random.seed)


def new_request_id() -> str:
    """Unique for all time. Not a secret, so that a random number without a system call will do."""
    return f"req_{_random.getrandbits(128):032x}"


def identity(request_id: str) -> HeaderList:
    """The request's id, under the names that OpenAI's and Anthropic's SDKs log and under SeaLink's own."""
    return (("x-request-id", request_id), ("request-id", request_id), ("x-sealink-request-id", request_id))


def identity_lines(request_id: str) -> str:
    """The same, as they go out. The id is one of `new_request_id`."""
    return f"x-request-id: {request_id}\r\nrequest-id: {request_id}\r\nx-sealink-request-id: {request_id}\r\n"


def send_json(responder: Responder, context: RequestContext, answer: object, *, status: int = 200) -> None:
    """Answer with `answer` as JSON."""
    fields = [*JSON, *identity(context.request_id), *context.answer_headers]
    responder.send(status, fields, msgspec.json.encode(answer))
