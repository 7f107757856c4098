"""From a request to its endpoint, and from an error to the endpoint's shape, without a socket."""

import asyncio

import msgspec
import pytest

from sealink.errors import AuthenticationError, HeaderList, InvalidRequest, MethodNotAllowed, NotFound, SealinkError
from sealink.http import Dispatcher, Endpoint, RequestContext
from sealink.http.responses import send_json
from sealink.net.message import Request, Responder


class Answer:
    """The part of a Responder that answers whole."""

    status = 0
    body = b""

    def send(self, status: int, headers: HeaderList, body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body


async def echo(request: Request, responder: Responder, context: RequestContext) -> None:
    send_json(responder, context, [request.method, context.path_tail])


async def refuse(request: Request, responder: Responder, context: RequestContext) -> None:
    raise InvalidRequest("No.", headers=[("x-own", "1")])


def first_shape(error: SealinkError, request_id: str) -> bytes:
    return b"first " + str(error.code or error.type).encode()


def second_shape(error: SealinkError, request_id: str) -> bytes:
    return b"second " + request_id.encode()


DISPATCHER = Dispatcher(
    [
        Endpoint("GET", "/", echo, first_shape),
        Endpoint("POST", "/a/things", refuse, first_shape, max_body_bytes=5),
        Endpoint("GET", "/a/things/{id}", echo, first_shape, max_body_bytes=7),
        Endpoint("DELETE", "/a/things/{id}", echo, first_shape),
        Endpoint("POST", "/b/things", refuse, second_shape),
    ],
    max_body_bytes=100,
    cors_origins=("http://page",),
)


async def handled(dispatcher: Dispatcher, request: Request, answer: Answer) -> None:
    answering = dispatcher.handle(request, answer)  # type: ignore[arg-type]
    if answering is not None:
        await answering


def ask(method: str, path: str, **headers: str) -> Answer:
    answer = Answer()
    asyncio.run(handled(DISPATCHER, Request(method, path, "", headers), answer))
    return answer


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/", b'["GET",""]'),
        ("HEAD", "/", b'["HEAD",""]'),
        ("GET", "/a/things/x", b'["GET","x"]'),
        ("DELETE", "/a/things/x/y%2Fz", b'["DELETE","x/y%2Fz"]'),
    ],
)
def test_a_request_finds_its_endpoint(method: str, path: str, body: bytes) -> None:
    answer = ask(method, path)
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("path", ["/nothing", "/a", "/a/thingss", "//"])
def test_a_path_without_an_endpoint(path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.body) == (404, b"first unknown_url")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("GET", "/a/things", "OPTIONS, POST"),
        ("PUT", "/a/things/x", "DELETE, GET, HEAD, OPTIONS"),
        ("HEAD", "/a/things", "OPTIONS, POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: str) -> None:
    answer = ask(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


def test_an_error_of_a_handler_is_its_answer() -> None:
    answer = ask("POST", "/a/things", origin="http://page")
    assert (answer.status, answer.body) == (400, b"first invalid_request_error")
    assert answer.headers["x-own"] == "1"
    assert answer.headers["access-control-allow-origin"] == "http://page"


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("", b"first"),
        ("/", b"first"),
        ("/c", b"first"),
        ("/a/things/x", b"first"),
        ("/b/things", b"second"),
        ("/b/things/x", b"second"),
        ("/b", b"second"),
        ("/b/other", b"second"),
    ],
)
def test_an_error_takes_the_shape_of_the_most_similar_path(path: str, shape: bytes) -> None:
    headers, body = DISPATCHER.error_response(SealinkError("No."), Request("GET", path, "", {}))
    assert body.startswith(shape)
    assert dict(headers)["request-id"] in body.decode() or shape == b"first"


def posted(path: str, key: str = "right", method: str = "POST") -> Request:
    return Request(method, path, "", {"x-api-key": key, "origin": "http://page"})


def authenticate(request: Request) -> None:
    if request.headers["x-api-key"] != "right":
        raise AuthenticationError("Who are you?")
    request.principal = "me"


REFUSED: list[str] = []
WITH_KEYS = Dispatcher(
    [
        Endpoint(
            "POST", "/v1/things", echo, first_shape, None, authenticate, lambda request, _: REFUSED.append(request.id)
        ),
        Endpoint("POST", "/v1/small", echo, first_shape, 5, authenticate),
        Endpoint("POST", "/v1/open", echo, first_shape),
        Endpoint("GET", "/v1/things/{id}", echo, first_shape),
        Endpoint("GET", "/v1/open", echo, first_shape, max_body_bytes=7),
    ],
    max_body_bytes=100,
    max_keyless_body_bytes=10,
    cors_origins=("http://page",),
)


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/v1/things", 100),
        ("POST", "/v1/v1/things", 100),
        ("POST", "/v1/small", 5),
        ("POST", "/v1/open", 10),
        ("GET", "/v1/open", 7),
        ("HEAD", "/v1/open", 7),
        ("GET", "/v1/things/x", 10),
        ("OPTIONS", "/v1/things", 10),
        ("OPTIONS", "/nothing", 10),
    ],
)
def test_a_body_may_be_large_only_where_a_key_was_shown(method: str, path: str, limit: int) -> None:
    assert WITH_KEYS.check_head(posted(path, method=method)) == limit


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (posted("/v1/things", "wrong"), AuthenticationError),
        (posted("/things", "wrong"), AuthenticationError),
        (posted("/v1/small", "wrong"), AuthenticationError),
        (posted("/nothing"), NotFound),
        (posted("/v1/things", method="PUT"), MethodNotAllowed),
    ],
    ids=["wrong key", "wrong key, path nearly right", "wrong key, small body", "no such path", "no such method"],
)
def test_what_is_refused_before_its_body_is_read(request_: Request, error: type[SealinkError]) -> None:
    with pytest.raises(error) as caught:
        WITH_KEYS.check_head(request_)
    headers, _ = WITH_KEYS.refuse(caught.value, request_)
    assert dict(headers)["access-control-allow-origin"] == "http://page"
    assert REFUSED == []


def test_an_endpoint_is_told_of_an_authenticated_request_that_is_refused_unread() -> None:
    request = posted("/things")
    WITH_KEYS.check_head(request)
    headers, _ = WITH_KEYS.refuse(InvalidRequest("Too large."), request)
    assert [dict(headers)["x-request-id"]] == REFUSED
    REFUSED.clear()


def test_a_preflight_is_answered_on_any_path() -> None:
    answer = ask("OPTIONS", "/nothing", origin="http://page")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "http://page")
    assert "access-control-allow-origin" not in ask("OPTIONS", "/a/things", origin="http://other").headers


VERSIONED = Dispatcher(
    [
        Endpoint("POST", "/v1/chat/completions", echo, first_shape, max_body_bytes=5),
        Endpoint("POST", "/v1/messages", echo, first_shape),
        Endpoint("POST", "/other/v1/messages", echo, second_shape),
        Endpoint("GET", "/v1/models", echo, first_shape),
        Endpoint("GET", "/v1/models/{id}", echo, first_shape),
    ],
    max_body_bytes=100,
)


def ask_versioned(method: str, path: str) -> Answer:
    answer = Answer()
    asyncio.run(handled(VERSIONED, Request(method, path, "", {}), answer))
    return answer


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/chat/completions/", b'["POST",""]'),
        ("POST", "/v1/v1/chat/completions", b'["POST",""]'),
        ("POST", "/v1/v1/v1/messages/", b'["POST",""]'),
        ("POST", "//v1//messages", b'["POST",""]'),
        ("POST", "/chat/completions", b'["POST",""]'),
        ("POST", "/other/messages", b'["POST",""]'),
        ("POST", "/other/v1/v1/messages", b'["POST",""]'),
        ("GET", "/v1/models/", b'["GET",""]'),
        ("GET", "/models", b'["GET",""]'),
        ("GET", "/models/a/b", b'["GET","a/b"]'),
        ("GET", "/v1/v1/models/a", b'["GET","a"]'),
    ],
)
def test_a_path_that_is_nearly_right_is_answered(method: str, path: str, body: bytes) -> None:
    answer = ask_versioned(method, path)
    assert (answer.status, answer.body) == (200, body)


def test_a_path_that_is_nearly_right_has_the_limit_of_its_endpoint() -> None:
    paths = ("/v1/v1/chat/completions", "/v1/v1/messages")
    assert [VERSIONED.check_head(Request("POST", path, "", {})) for path in paths] == [5, 100]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api/v1/chat/completions", "/v1/chat/completions"),
        ("/openai/chat/completions", "/v1/chat/completions"),
        ("/v1/completions", "/v1/chat/completions"),
        ("/v1/message", "/v1/messages"),
        ("/nothing/of/the/kind", None),
        ("/" + "v1/messages/" * 1000, None),
    ],
)
def test_another_path_is_refused_with_a_hint(path: str, meant: str | None) -> None:
    with pytest.raises(NotFound) as caught:
        asyncio.run(raise_error(path))
    assert caught.value.message == f"There is nothing at {path}." + (f" Did you mean {meant}?" if meant else "")


async def raise_error(path: str) -> None:
    def tell(error: SealinkError, request_id: str) -> bytes:
        raise error

    endpoints = [msgspec.structs.replace(endpoint, error_body=tell) for endpoint in VERSIONED._endpoints]
    await handled(Dispatcher(endpoints, max_body_bytes=1), Request("POST", path, "", {}), Answer())


def test_a_clients_mistake_is_not_to_be_sent_again() -> None:
    assert ask("POST", "/a/things").headers["x-should-retry"] == "false"
