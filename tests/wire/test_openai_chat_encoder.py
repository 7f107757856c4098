"""Events as an OpenAI client reads them: streamed, and whole."""

import json
from typing import Any

import openai
import pytest
from msgspec import Raw
from openai.lib.streaming.chat import ChatCompletionStreamState

from acceptance.expectations import expected_reading
from acceptance.readings import differences
from acceptance.stock_chat import read
from recordings import Case
from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import (
    BlockEnd,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    Unmodelled,
    UsageSnapshot,
)
from sealink.request import ChatRequest, Tool
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM
from sealink.wire.framing.sse import DONE
from sealink.wire.stream.fold import fold
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.translator import Translator
from wire.openai_chat_grammar import complaints
from wire.openai_chat_line import QUESTION, said, stock_client

START, END = StreamStart("msg_1", "claude-9"), StreamEnd()
USAGE = Usage(10, 7, cached_read_tokens=4, cached_write_tokens=2, reasoning_tokens=3, extras={"speed": Raw(b'"fast"')})
TEXT = (BlockStart(0, "text"), TextDelta(0, "Hel"), TextDelta(0, 'lo "wörld"\n😀'), BlockEnd(0))
CITATION = Citation(1, url="https://a", title="A", quote="x", raw=b'{"type":"web_search_result_location"}')
PAGE = Citation(2, raw=b'{"type":"page_location","start_page_number":1}')


def streamed(*events: Event, include_usage: bool = False) -> bytes:
    """The stream of these events, which must be clean."""
    request = ChatRequest("m", [], stream=True, include_usage=include_usage)
    encoder = CLIENT.encoder(request, FallbackIdentity("1", 1700000000))
    out = b"".join(map(encoder.encode, (START, *events, END)))
    assert complaints(out, include_usage=include_usage) == []
    assert out.endswith(DONE)
    return out


def whole(*events: Event) -> dict[str, Any]:
    body = CLIENT.whole(ChatRequest("m", []), [START, *events, END], FallbackIdentity("1", 1700000000))
    answer: dict[str, Any] = json.loads(body)
    return answer


def message(*events: Event) -> dict[str, Any]:
    found: dict[str, Any] = whole(*events)["choices"][0]["message"]
    return found


def deltas(*events: Event) -> list[dict[str, Any]]:
    return [entry["delta"] for piece in said(streamed(*events)) for entry in piece["choices"]]


def accumulated(*events: Event) -> dict[str, Any]:
    """What the stock SDK's own accumulator makes of the stream."""
    body = streamed(*events)
    state = ChatCompletionStreamState()
    for piece in stock_client(lambda: (200, body)).chat.completions.create(model="m", messages=[], stream=True):
        state.handle_chunk(piece)
    return state.get_final_completion().choices[0].message.to_dict()


class TestStream:
    def test_text(self) -> None:
        out = said(streamed(*TEXT, Finish("stop", "end_turn")))
        assert [piece["choices"][0]["delta"] for piece in out] == [
            {"role": "assistant", "content": "Hel"},
            {"content": 'lo "wörld"\n😀'},
            {},
        ]
        assert [piece["choices"][0]["finish_reason"] for piece in out] == [None, None, "stop"]
        assert {piece["id"] for piece in out} == {"msg_1"}
        assert {(piece["model"], piece["created"], piece["object"]) for piece in out} == {
            ("claude-9", 1700000000, "chat.completion.chunk")
        }

    def test_every_delta_is_a_frame_of_its_own(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("m", []), FallbackIdentity("1", 1))
        assert [len(said(encoder.encode(event))) for event in (START, *TEXT)] == [0, 0, 1, 1, 0]

    def test_usage_comes_last_and_only_when_asked_for(self) -> None:
        events = (*TEXT, UsageSnapshot(Usage(1, 1)), UsageSnapshot(USAGE), Finish("stop"))
        assert b"usage" not in streamed(*events)
        *others, last = said(streamed(*events, include_usage=True))
        assert {json.dumps(piece["usage"]) for piece in others} == {"null"}
        assert last["choices"] == []
        assert last["usage"] == {
            "prompt_tokens": 10,
            "completion_tokens": 7,
            "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 3},
            "speed": "fast",
        }

    def test_parallel_tool_calls(self) -> None:
        events = (
            BlockStart(0, "text"),
            TextDelta(0, "Wait."),
            BlockEnd(0),
            BlockStart(1, "tool_call", id="t1", name="f"),
            ToolArgsDelta(1, ""),
            ToolArgsDelta(1, '{"a":'),
            ToolArgsDelta(1, " 1}"),
            BlockEnd(1),
            BlockStart(2, "tool_call", id="t2", name="g"),
            BlockEnd(2),
            Finish("tool_calls", "tool_use"),
        )
        assert [delta["tool_calls"] for delta in deltas(*events) if "tool_calls" in delta] == [
            [{"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}}],
            [{"index": 0, "function": {"arguments": '{"a":'}}],
            [{"index": 0, "function": {"arguments": " 1}"}}],
            [{"index": 1, "id": "t2", "type": "function", "function": {"name": "g", "arguments": ""}}],
            [{"index": 1, "function": {"arguments": "{}"}}],
        ]
        assert message(*events)["tool_calls"] == [
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ]

    def test_signed_thinking_comes_back_as_it_went_out(self) -> None:
        events = (
            BlockStart(0, "reasoning"),
            ReasoningDelta(0, "Let me "),
            ReasoningDelta(0, "see."),
            BlockMeta(0, signature="sig=="),
            BlockEnd(0),
            BlockStart(1, "redacted_reasoning", data="opaque"),
            BlockEnd(1),
            BlockStart(2, "reasoning"),
            ReasoningDelta(2, "Unsigned."),
            BlockEnd(2),
            *(BlockStart(3, "text"), TextDelta(3, "4"), BlockEnd(3)),
            Finish("stop"),
        )
        blocks = [
            {"type": "thinking", "thinking": "Let me see.", "signature": "sig=="},
            {"type": "redacted_thinking", "data": "opaque"},
        ]
        assert message(*events)["thinking_blocks"] == blocks
        from_sdk = accumulated(*events)
        assert from_sdk["reasoning_content"] == message(*events)["reasoning_content"] == "Let me see.Unsigned."
        assert [{k: v for k, v in block.items() if k != "index"} for block in from_sdk["thinking_blocks"]] == blocks
        for answer in (from_sdk, message(*events)):
            turn = {"role": "assistant", "content": "4", "thinking_blocks": answer["thinking_blocks"]}
            head = CLIENT.parse_head(json.dumps({"model": "m", "messages": [*QUESTION, turn]}).encode(), {})
            parts = CLIENT.parse_request(head).messages[1].parts
            assert [type(part).__name__ for part in parts] == ["Reasoning", "RedactedReasoning", "Text"]
            assert (parts[0].text, parts[0].signature, parts[1].data) == ("Let me see.", "sig==", "opaque")  # type: ignore[attr-defined]

    def test_a_signature_without_a_text(self) -> None:
        events = (BlockStart(0, "reasoning"), BlockMeta(0, signature="s"), BlockEnd(0), Finish("stop"))
        block = {"type": "thinking", "thinking": "", "signature": "s"}
        assert deltas(*events)[0] == {"role": "assistant", "content": None, "thinking_blocks": [{"index": 0, **block}]}
        assert message(*events)["thinking_blocks"] == [block]

    def test_refusals(self) -> None:
        events = (BlockStart(0, "refusal"), TextDelta(0, "I can"), TextDelta(0, "not."), BlockEnd(0), Finish("stop"))
        assert [delta.get("refusal") for delta in deltas(*events)] == ["I can", "not.", None]
        assert (message(*events)["refusal"], message(*events)["content"]) == ("I cannot.", None)

    def test_why_an_answer_was_refused(self) -> None:
        events = (*TEXT, Finish("content_filter", "refusal", detail="bio: no"))
        assert deltas(*events)[-2:] == [{"refusal": "bio: no"}, {}]
        assert message(*events)["refusal"] == "bio: no"

    def test_a_stop_sequence_is_no_refusal(self) -> None:
        events = (*TEXT, Finish("stop", "stop_sequence", detail="END"))
        assert deltas(*events)[-1] == {}
        assert message(*events)["refusal"] is None

    def test_citations(self) -> None:
        events = (
            *(BlockStart(0, "text"), TextDelta(0, "Hi. "), BlockEnd(0)),
            *(BlockStart(1, "text"), TextDelta(1, "A fact."), CITATION, BlockEnd(1)),
            *(BlockStart(2, "text"), TextDelta(2, "More."), PAGE, BlockEnd(2)),
            Finish("stop"),
        )
        place = {"url": "https://a", "title": "A", "start_index": 4, "end_index": 11}
        annotations = [
            {"type": "url_citation", "url_citation": place},
            {"type": "citation", "citation": json.loads(PAGE.raw)},
        ]
        assert message(*events)["annotations"] == annotations
        told = [delta["annotations"] for delta in deltas(*events) if "annotations" in delta]
        assert told == [[{"index": n, **annotation}] for n, annotation in enumerate(annotations)]
        assert len(accumulated(*events)["annotations"]) == 2

    def test_several_choices(self) -> None:
        events = (
            *(BlockStart(0, "text", 0), BlockStart(0, "text", 1), TextDelta(0, "a", 0), TextDelta(0, "b", 1)),
            *(
                TextDelta(0, "c", 1),
                BlockEnd(0, 0),
                BlockEnd(0, 1),
                Finish("stop", choice=0),
                Finish("length", choice=1),
            ),
        )
        assert complaints(streamed(*events), include_usage=False) == []
        assert [(c["index"], c["message"]["content"], c["finish_reason"]) for c in whole(*events)["choices"]] == [
            (0, "a", "stop"),
            (1, "bc", "length"),
        ]

    def test_an_empty_answer(self) -> None:
        assert deltas(Finish("stop")) == [{"role": "assistant", "content": None}]
        assert message(Finish("stop"))["content"] == ""

    def test_what_openai_has_no_word_for_is_not_shown(self) -> None:
        events = (BlockStart(0, "other", raw=b"{}"), Unmodelled(b"{}"), BlockEnd(0), *TEXT, Finish("stop"))
        other = (BlockStart(0, "other", raw=b"{}"), Unmodelled(b"{}"), BlockEnd(0))
        assert streamed(*events) == streamed(*TEXT, Finish("stop"))
        assert message(*other, *TEXT, Finish("stop")) == message(*TEXT, Finish("stop"))

    def test_one_finish_reason_even_if_there_are_two_or_none(self) -> None:
        assert len(said(streamed(*TEXT, Finish("stop"), Finish("length")))) == 3
        assert said(streamed(*TEXT))[-1]["choices"][0]["finish_reason"] == "stop"
        assert whole(*TEXT)["choices"][0]["finish_reason"] == "stop"

    def test_a_call_of_a_custom_tool(self) -> None:
        events = (
            BlockStart(0, "custom_tool_call", id="c", name="patch"),
            ToolArgsDelta(0, "*** Begin"),
            BlockMeta(0, "gemini:s"),
            BlockEnd(0),
            BlockStart(1, "custom_tool_call", id="d", name="patch"),
            BlockEnd(1),
            Finish("tool_calls"),
        )
        first, more, signature, second = [delta for delta in deltas(*events) if delta]
        call = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "patch", "input": ""}}
        assert first["tool_calls"] == [call]
        assert more == {"tool_calls": [{"index": 0, "custom": {"input": "*** Begin"}}]}
        signed = {"type": "thinking", "thinking": "", "signature": "gemini:s", "signs": "c"}
        assert signature == {"thinking_blocks": [{"index": 0, **signed}]}
        assert second["tool_calls"][0]["index"] == 1
        told = message(*events)
        assert told["tool_calls"][0] == {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
        assert told["tool_calls"][1]["custom"]["input"] == ""
        assert told["thinking_blocks"] == [signed]

    def test_a_custom_tool_that_was_a_function_to_the_upstream(self) -> None:
        tools = [Tool(name="patch", is_custom=True), Tool(name="other")]
        events = (
            START,
            BlockStart(0, "tool_call", id="c", name="patch"),
            ToolArgsDelta(0, '{"input": "*** '),
            ToolArgsDelta(0, 'é\\n"}'),
            BlockEnd(0),
            BlockStart(1, "tool_call", id="d", name="other"),
            BlockEnd(1),
            Finish("tool_calls"),
            END,
        )
        request = ChatRequest("m", [], tools=tools)
        encoder = CLIENT.encoder(request, FallbackIdentity("1", 1))
        out = b"".join(map(encoder.encode, events))
        assert complaints(out, include_usage=False) == []
        told = [call for piece in said(out) for call in piece["choices"][0]["delta"].get("tool_calls", ())]
        assert told[:2] == [
            {"index": 0, "id": "c", "type": "custom", "custom": {"name": "patch", "input": ""}},
            {"index": 0, "custom": {"input": "*** é\n"}},
        ]
        assert [call["function"] for call in told[2:]] == [{"name": "other", "arguments": ""}, {"arguments": "{}"}]
        calls = json.loads(CLIENT.whole(request, list(events), FallbackIdentity("1", 1)))["choices"][0]["message"][
            "tool_calls"
        ]
        assert calls[0] == {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** é\n"}}

    def test_log_probabilities(self) -> None:
        tokens = b'[{"token":"Hi","logprob":-0.5,"bytes":null,"top_logprobs":[]}]'
        events = (BlockStart(0, "text"), TextDelta(0, "Hi"), Logprobs(0, tokens), BlockEnd(0), Finish("stop"))
        told = [piece["choices"][0]["logprobs"] for piece in said(streamed(*events))]
        expected = {"content": json.loads(tokens), "refusal": None}
        assert told == [None, expected, None]
        assert whole(*events)["choices"][0]["logprobs"] == expected

    def test_a_picture(self) -> None:
        events = (BlockStart(0, "media", name="image/png", data="AA=="), BlockEnd(0), Finish("stop"))
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
        assert deltas(*events)[0]["images"] == [{"index": 0, **picture}]
        assert message(*events)["images"] == [picture]

    def test_an_answer_without_an_id_a_model_or_a_time(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("asked", []), FallbackIdentity("1", 17))
        out = b"".join(map(encoder.encode, (StreamStart("", ""), *TEXT, Finish("stop"), END)))
        first = said(out)[0]
        assert (first["id"], first["model"], first["created"]) == ("chatcmpl-1", "asked", 17)

    def test_an_upstreams_own_time(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("m", []), FallbackIdentity("1", 17))
        out = b"".join(map(encoder.encode, (StreamStart("x", "y", 3), *TEXT)))
        assert {piece["created"] for piece in said(out)} == {3}


class TestErrors:
    def test_a_stream_that_fails_ends_in_one_frame(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("m", []), FallbackIdentity("1", 1))
        out = b"".join(map(encoder.encode, (START, *TEXT))) + encoder.fail(
            UpstreamError("cut", code="upstream_truncated")
        )
        assert complaints(out, include_usage=False) == []
        assert said(out)[-1] == {
            "error": {"message": "cut", "type": "upstream_error", "param": None, "code": "upstream_truncated"}
        }

    def test_the_stock_sdk_raises_it(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("m", []), FallbackIdentity("1", 1))
        out = b"".join(map(encoder.encode, (START, *TEXT))) + encoder.fail(UpstreamError("cut", code="c"))
        chunks = iter(stock_client(lambda: (200, out)).chat.completions.create(model="m", messages=[], stream=True))
        assert next(chunks).choices[0].delta.content == "Hel"
        with pytest.raises(openai.APIError, match="cut") as raised:
            list(chunks)
        assert raised.value.code == "c"

    def test_a_whole_answer_that_is_an_error(self) -> None:
        overloaded = UpstreamRejected("Overloaded", status=529, type="service_unavailable", dialect="anthropic")
        with pytest.raises(UpstreamRejected, match="Overloaded"):
            whole(StreamError(overloaded))


def test_the_fold_has_all_that_was_said() -> None:
    answer = fold(
        [START, *TEXT, BlockStart(1, "other", raw=b"{}"), UsageSnapshot(USAGE), Finish("stop", "end_turn"), END]
    )
    assert (answer.id, answer.model, answer.created, answer.usage) == ("msg_1", "claude-9", None, USAGE)
    choice = answer.choices[0]
    assert [(block.kind, block.text, block.raw) for block in choice.blocks] == [
        ("text", 'Hello "wörld"\n😀', b""),
        ("other", "", b"{}"),
    ]
    assert choice.finish == Finish("stop", "end_turn")


def test_recorded_answers_survive_the_way_through_events(recorded: list[Case], full: bool) -> None:
    """Decoded and encoded again, as between two dialects, an answer says the same."""
    cases = [case for case in recorded if case.api == "openai-chat" and case.kind != "error"]
    wrong = {}
    for case in cases if full else cases[::3]:
        request = ChatRequest("m", [], stream=case.kind == "stream", include_usage=True)
        if request.stream:
            lane = Lane(
                UPSTREAM.framer(), Translator(UPSTREAM.decoder(), CLIENT.encoder(request, FallbackIdentity("1", 1)))
            )
            body = lane.feed(case.body) + lane.close(None)
            assert complaints(body, include_usage=True) == [], case.id
        else:
            body = CLIENT.whole(request, UPSTREAM.decode_whole(case.body), FallbackIdentity("1", 1))
        asked = {"model": "m", "messages": QUESTION, "stream": request.stream}
        reading, expected = read(stock_client(lambda body=body: (200, body)), asked), expected_reading(case)  # type: ignore[misc]
        found = [fault for fault in differences(expected, reading) if not fault.startswith(("usage", "tokens"))]
        if found:
            wrong[case.id] = found
    print(f"{len(cases) - len(wrong)} of {len(cases)}")
    assert not wrong


def decoded(events: tuple[Event, ...]) -> list[Event]:
    """What SeaLink itself reads of the stream of these events."""
    framer, decoder = UPSTREAM.framer(), UPSTREAM.decoder()
    return [event for frame in framer.feed(streamed(*events)) for event in decoder.decode(frame)]


def test_what_one_sealink_writes_another_one_reads() -> None:
    events = (
        BlockStart(0, "text"),
        TextDelta(0, "Hi"),
        Logprobs(0, b'[{"token":"Hi"}]'),
        BlockMeta(0, "gemini:t"),
        BlockEnd(0),
        BlockStart(1, "media", name="image/png", data="AA=="),
        BlockEnd(1),
        BlockStart(2, "custom_tool_call", id="c", name="patch"),
        ToolArgsDelta(2, "x"),
        BlockMeta(2, "gemini:s"),
        BlockEnd(2),
    )
    assert decoded((*events, Finish("tool_calls", "tool_calls")))[1:-1] == [
        *events,
        Finish("tool_calls", "tool_calls"),
    ]
    whole_body = CLIENT.whole(
        ChatRequest("m", []), [START, *events, Finish("tool_calls"), END], FallbackIdentity("1", 1)
    )
    kinds = [event.kind for event in UPSTREAM.decode_whole(whole_body) if isinstance(event, BlockStart)]
    assert kinds == ["text", "media", "custom_tool_call"]
