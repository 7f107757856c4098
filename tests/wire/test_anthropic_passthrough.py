"""An Anthropic upstream for Anthropic's clients: which frames pass unchanged, and which are mended."""

import json
import random
from collections.abc import Callable, Iterator

import pytest

from recordings import Case
from sealink.errors import GatewayTimeout, UpstreamError
from sealink.wire.dialects.anthropic_messages import UPSTREAM
from wire.anthropic_grammar import complaints
from wire.anthropic_line import QUESTION, events_in, final_message, head_of, passthrough_lane, through

GATEWAYS_DONE = "openrouter/rig-gateway_message_delta_metadata-f95fa1"
CUTS = 40
ODD = {
    "anthropic/anthropic-sdk-typescript-incomplete_partial_json_response-b03cab": ["message_delta inside a block"],
}
"""Written by hand, so as not to be what Anthropic sends."""

START = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def frame(type: str, *, named: bool = True, **fields: object) -> bytes:
    data = b"data: " + json.dumps({"type": type, **fields}).encode() + b"\n\n"
    return (f"event: {type}\n".encode() if named else b"") + data


def message(*, named: bool = True) -> list[bytes]:
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        frame("message_start", named=named, message=START),
        frame("content_block_start", named=named, index=0, content_block={"type": "text", "text": ""}),
        frame("content_block_delta", named=named, index=0, delta={"type": "text_delta", "text": "Hi"}),
        frame("content_block_stop", named=named, index=0),
        frame("message_delta", named=named, delta=ending, usage={"output_tokens": 2}),
        frame("message_stop", named=named),
    ]


@pytest.fixture(scope="module")
def streams(recorded: list[Case]) -> list[Case]:
    return [case for case in recorded if case.api == "anthropic-messages" and case.kind == "stream"]


def judge(cases: list[Case], faults: Callable[[Case], Iterator[str]], report: Callable[[str], None] = print) -> None:
    wrong = {case.id: found for case in cases if (found := list(faults(case)))}
    report(f"{len(cases) - len(wrong)} of {len(cases)}")
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


def failed(case: Case) -> bool:
    return b"event: error" in case.body


def upstreams_own(case: Case) -> bytes:
    """What was recorded, but for a gateway's own ending; a last frame that was not closed is."""
    body = case.body.partition(b"event: data\ndata: [DONE]")[0].rstrip(b"\n")
    return body + b"\n\n"


def test_every_recorded_stream_goes_through_byte_for_byte(streams: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        out, outcome = through(passthrough_lane(), [case.body])
        if out != upstreams_own(case):
            yield f"{len(out)} bytes of {len(case.body)}"
        if outcome.complete == failed(case):
            yield f"complete: {outcome.complete}"

    judge(streams, faults)


def test_every_recorded_stream_keeps_to_the_grammar(streams: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        found = complaints(through(passthrough_lane(), [case.body])[0], may_fail=failed(case))
        if found != ODD.get(case.id, []):
            yield from found

    judge(streams, faults)


def test_wherever_the_network_splits_it(streams: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        whole, dice = through(passthrough_lane(), [case.body])[0], random.Random(case.id)
        for _ in range(CUTS):
            at = dice.randrange(len(case.body))
            if through(passthrough_lane(), [case.body[:at], case.body[at:]])[0] != whole:
                yield f"split at {at}"

    judge(streams, faults)


def test_every_cut_ends_in_one_error(streams: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        dice = random.Random(case.id)
        for _ in range(CUTS):
            at = dice.randrange(len(case.body))
            cause = dice.choice([None, GatewayTimeout("late", code="idle"), UpstreamError("reset")])
            out, outcome = through(passthrough_lane(), [case.body[:at]], cause)
            ends = [event["type"] for event in events_in(out) if event["type"] in ("error", "message_stop")]
            if ends != (["message_stop"] if outcome.complete else ["error"]):
                yield f"cut at {at}: {ends}"

    judge([case for case in streams if case.id != GATEWAYS_DONE], faults)


def test_a_frame_goes_out_as_it_comes_in(streams: list[Case]) -> None:
    for case in streams:
        lane = passthrough_lane()
        for each in UPSTREAM.framer().feed(upstreams_own(case)):
            if each.event != b"error":
                assert lane.feed(each.raw) == each.raw, case.id


def test_a_gateways_done_stops_at_the_sdk(streams: list[Case]) -> None:
    (case,) = [case for case in streams if case.id == GATEWAYS_DONE]
    assert case.expected["sdk_error"]
    assert (
        final_message(through(passthrough_lane(), [case.body])[0])["stop_reason"]
        == case.expected["partial"]["finish_reason"]
    )


@pytest.mark.parametrize("before_the_stop", [True, False])
def test_done_is_not_passed_on(before_the_stop: bool) -> None:
    *frames, stop = message()
    done = b"event: data\ndata: [DONE]\n\n"
    body = [*frames, done, stop] if before_the_stop else [*frames, stop, done]
    assert through(passthrough_lane(), body)[0] == b"".join([*frames, stop])


def test_a_second_start_is_not_passed_on() -> None:
    start, *rest = message()
    assert through(passthrough_lane(), [start, start, rest[0], start, *rest[1:]])[0] == b"".join([start, *rest])


def test_events_get_the_names_that_they_lack() -> None:
    out, outcome = through(passthrough_lane(), message(named=False))
    assert complaints(out) == []
    assert outcome.complete
    assert final_message(out)["content"][0]["text"] == "Hi"


def test_pings_comments_and_events_to_come_go_through() -> None:
    others = [b'event: ping\ndata: {"type": "ping"}\n\n', b": hello\n\n", frame("news", what=1)]
    start, *rest = message()
    body = [start, *others, *rest]
    assert through(passthrough_lane(), body)[0] == b"".join(body)


def test_an_error_keeps_its_words() -> None:
    words = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_x"}'
    out, outcome = through(passthrough_lane(), [message()[0], b"event: error\ndata: " + words + b"\n\n"])
    assert out.endswith(b"\n\nevent: error\ndata: " + words + b"\n\n")
    assert outcome.error is not None
    assert outcome.error.status == 529


def test_the_clients_own_bytes_headers_and_query() -> None:
    headers = {
        "anthropic-version": "2099-01-01",
        "anthropic-beta": "a-1,unknown-2",
        "x-claude-code-session-id": "s",
        "x-stainless-lang": "python",
        "x-api-key": "secret",
        "authorization": "Bearer secret",
        "cookie": "c",
        "anthropic-dangerous-direct-browser-access": "true",
        "connection": "close",
    }
    head = head_of(headers, odd={"b": 1.0})
    head.query = "beta=true"
    outgoing = UPSTREAM.forward_request(head, "m")
    assert outgoing.body is head.body
    assert outgoing.path == "/v1/messages?beta=true"
    assert dict(outgoing.headers) == {
        "anthropic-version": "2099-01-01",
        "anthropic-beta": "a-1,unknown-2",
        "x-claude-code-session-id": "s",
        "x-stainless-lang": "python",
    }
    assert UPSTREAM.forward_request(head_of(), "m").headers == [("anthropic-version", "2023-06-01")]


def test_what_must_change() -> None:
    head = head_of(metadata={"user_id": "u", "task_type": "chat"})
    assert json.loads(UPSTREAM.forward_request(head, "claude-x").body) == {
        "model": "claude-x",
        "max_tokens": 9,
        "messages": QUESTION,
        "metadata": {"user_id": "u"},
    }


def test_thinking_that_anthropic_has_not_signed_stays_behind() -> None:
    own = {"type": "thinking", "thinking": "a", "signature": "abc="}
    quoted = {"type": "text", "text": '"signature":"gemini:'}
    foreign = [
        {"type": "thinking", "thinking": "b", "signature": "gemini:x"},
        {"type": "thinking", "thinking": "b", "signature": ""},
        {"type": "redacted_thinking", "data": "responses:y"},
    ]
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [own, *foreign, quoted]},
        {"role": "assistant", "content": foreign},
    ]
    written = json.loads(UPSTREAM.forward_request(head_of(messages=turns), "m").body)
    assert written["messages"] == [turns[0], {"role": "assistant", "content": [own, quoted]}]
    untouched = head_of(messages=[{"role": "assistant", "content": [own, quoted]}])
    assert UPSTREAM.forward_request(untouched, "m").body is untouched.body
