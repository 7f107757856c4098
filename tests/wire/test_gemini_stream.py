"""What Gemini's chunks mean. The samples are written after https://ai.google.dev/api/generate-content."""

import json
from typing import Any

import pytest

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
    UsageSnapshot,
)
from sealink.wire.dialects.gemini_generate import UPSTREAM
from sealink.wire.stream.fold import fold
from wire.gemini_line import chunk, events_of, sse
from wire.upstream_line import read_stream, told_stream

SUM = {"functionCall": {"name": "sum", "args": {"a": 1}}}


def of_kind(events: list[Event], *kinds: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kinds)]


def test_thoughts_text_and_a_call_are_blocks_in_their_order() -> None:
    events = events_of(
        chunk({"text": "Hm", "thought": True}, responseId="r1", modelVersion="gemini-3-pro"),
        chunk({"text": "."}),
        chunk({"text": "!"}, {"functionCall": {"name": "sum", "args": {"a": 1}, "id": "c1"}}, finish="STOP"),
    )
    assert events == [
        StreamStart("r1", "gemini-3-pro"),
        BlockStart(0, "reasoning"),
        ReasoningDelta(0, "Hm"),
        BlockEnd(0),
        BlockStart(1, "text"),
        TextDelta(1, "."),
        TextDelta(1, "!"),
        BlockEnd(1),
        BlockStart(2, "tool_call", id="c1", name="sum"),
        ToolArgsDelta(2, '{"a": 1}'),
        BlockEnd(2),
        Finish("tool_calls", raw_reason="STOP"),
        StreamEnd(),
    ]


def test_candidates_are_choices() -> None:
    one = {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}
    two = {"content": {"parts": [{"text": "b"}, SUM]}, "finishReason": "MAX_TOKENS", "index": 1}
    answer = fold(events_of({"candidates": [one, two], "responseId": "r"}))
    assert [choice.text("text") for choice in answer.choices.values()] == ["a", "b"]
    assert [choice.finish.reason for choice in answer.choices.values() if choice.finish] == ["stop", "length"]
    assert answer.choices[1].blocks[1].id == "call_r_1_0"


def test_a_stream_is_whole_if_every_candidate_is_finished() -> None:
    first = {"candidates": [{"index": 0, "finishReason": "STOP"}, {"index": 1, "content": {"parts": [{"text": "x"}]}}]}
    assert not of_kind(events_of(first), StreamEnd)
    assert of_kind(events_of(first, {"candidates": [{"index": 1, "finishReason": "STOP"}]}), StreamEnd)
    assert not of_kind(events_of(), StreamEnd)
    assert not of_kind(events_of({"usageMetadata": {"promptTokenCount": 1}}), StreamEnd)


@pytest.mark.parametrize("content", [None, {}, {"parts": None}, {"parts": []}, {"role": "model"}])
def test_content_may_be_missing(content: Any) -> None:
    events = events_of({"candidates": [{"content": content, "finishReason": "MAX_TOKENS"}]})
    assert events[1:] == [Finish("length", raw_reason="MAX_TOKENS"), StreamEnd()]


def test_an_empty_part_opens_nothing() -> None:
    assert not of_kind(events_of(chunk({"text": ""}), chunk({"text": ""}, finish="STOP")), BlockStart)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("CONTINUATION", "length"),
        ("SAFETY", "content_filter"),
        ("OTHER", "content_filter"),
        ("A_NEW_WORD", "stop"),
    ],
)
def test_finish_reasons(word: str, reason: str) -> None:
    (finish,) = of_kind(events_of(chunk({"text": "a"}, finish=word, finishMessage="Why.")), Finish)
    detail = "Why." if reason == "content_filter" else ""
    assert finish == Finish(reason, raw_reason=word, detail=detail)


@pytest.mark.parametrize("word", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE"])
def test_an_answer_that_failed_is_an_error(word: str) -> None:
    """As openai_chat.finish has it for the same word through Google's other endpoint."""
    usage = {"promptTokenCount": 3}
    events = events_of(chunk({"text": "a"}, finish=word, finishMessage="Bad call.", usageMetadata=usage))
    assert isinstance(events[-1], StreamError)
    error = events[-1].error
    assert isinstance(error, UpstreamError)
    assert (error.status, error.code) == (502, "upstream_failed")
    assert error.message == f"The upstream ended the answer with {word}. Bad call."
    assert of_kind(events, UsageSnapshot)
    with pytest.raises(UpstreamError, match=word):
        UPSTREAM.decode_whole(json.dumps(chunk(finish=word)).encode())


@pytest.mark.parametrize(
    ("feedback", "detail"),
    [
        ({"blockReason": "SAFETY", "blockReasonMessage": "Reasons"}, "Reasons"),
        ({"blockReason": "PROHIBITED_CONTENT"}, "The prompt was blocked: PROHIBITED_CONTENT."),
        ({"blockReasonMessage": "Reasons"}, "Reasons"),
    ],
)
def test_a_blocked_prompt_is_a_refusal(feedback: dict[str, str], detail: str) -> None:
    blocked = {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 9}}
    events = events_of(blocked)
    reason = feedback.get("blockReason", "")
    assert events[-2:] == [Finish("content_filter", raw_reason=reason, detail=detail), StreamEnd()]
    assert fold(UPSTREAM.decode_whole(json.dumps(blocked).encode())).choices[0].finish == events[-2]
    sent = told_stream(UPSTREAM, [sse(blocked)])
    assert (sent.finish_reason, sent.refusal, sent.complaints) == ("content_filter", detail, [])


def test_feedback_about_a_prompt_that_passed_blocks_nothing() -> None:
    events = events_of({**chunk({"text": "a"}, finish="STOP"), "promptFeedback": {"safetyRatings": []}})
    assert of_kind(events, Finish) == [Finish("stop", raw_reason="STOP")]


def test_usage_counts_thoughts_as_output_and_tools_results_as_input() -> None:
    running = {"promptTokenCount": 10, "thoughtsTokenCount": 5, "trafficType": "ON_DEMAND"}
    last = running | {"candidatesTokenCount": 7, "toolUsePromptTokenCount": 100, "cachedContentTokenCount": 4}
    events = events_of(
        chunk({"text": "a"}, usageMetadata=running),
        chunk({"text": "b"}, usageMetadata=running),
        chunk(finish="STOP", usageMetadata=last | {"totalTokenCount": 122}),
    )
    first, final = of_kind(events, UsageSnapshot)
    assert (first.final, first.usage.output_tokens, first.usage.input_tokens) == (False, 5, 10)
    usage = final.usage
    assert final.final
    assert (usage.input_tokens, usage.output_tokens) == (110, 12)
    assert (usage.cached_read_tokens, usage.reasoning_tokens) == (4, 5)
    assert {name: bytes(raw) for name, raw in usage.extras.items()} == {"trafficType": b'"ON_DEMAND"'}


def test_a_count_that_stays_is_final_in_the_end_and_no_count_is_none() -> None:
    counts = {"promptTokenCount": 10}
    events = events_of(
        chunk({"text": "a"}, usageMetadata={"trafficType": "ON_DEMAND"}),
        chunk({"text": "b"}, usageMetadata=counts),
        chunk(finish="STOP", usageMetadata=counts),
    )
    assert [event.final for event in of_kind(events, UsageSnapshot)] == [False, True]
    for nothing in ({}, None, {"trafficType": "ON_DEMAND"}):
        assert not of_kind(events_of(chunk(finish="STOP", usageMetadata=nothing)), UsageSnapshot)


@pytest.mark.parametrize(
    ("parts", "signatures"),
    [
        ([{"text": "T", "thought": True, "thoughtSignature": "c2ln"}], ["gemini:thought:c2ln"]),
        ([{"text": "x", "thoughtSignature": "c2ln"}], ["gemini:text:c2ln"]),
        ([{"text": "x"}, {"text": "", "thoughtSignature": "c2ln"}], ["gemini:end:c2ln"]),
        ([{"functionCall": {"name": "f", "id": "a:b"}, "thoughtSignature": "c2ln"}], ["gemini:call=a:b:c2ln"]),
        (
            [{"text": "x", "thoughtSignature": "MQ=="}, {"text": "y", "thoughtSignature": "Mg=="}],
            ["gemini:text:MQ==", "gemini:text:Mg=="],
        ),
    ],
)
def test_signatures_say_what_they_sign(parts: list[dict[str, Any]], signatures: list[str]) -> None:
    answer = fold(events_of(chunk(*parts, finish="STOP")))
    assert [block.signature for block in answer.choices[0].blocks if block.signature] == signatures


def test_text_behind_signed_text_is_a_block_of_its_own() -> None:
    blocks = fold(events_of(chunk({"text": "a", "thoughtSignature": "MQ=="}, {"text": "b"}))).choices[0].blocks
    assert [(block.text, block.signature) for block in blocks] == [("a", "gemini:text:MQ=="), ("b", "")]


def test_a_part_that_no_event_models_comes_back_as_its_signature() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "print('é')"}, "thoughtSignature": "c2ln"}
    opened, meta, _ = events_of(chunk(code, finish="STOP"))[1:4]
    assert isinstance(opened, BlockStart)
    assert opened.kind == "other"
    assert json.loads(opened.raw) == code
    assert isinstance(meta, BlockMeta)
    assert json.loads(meta.signature.removeprefix("gemini:part:")) == code


def test_a_drawing_is_media_and_a_thought_of_one_is_not() -> None:
    drawing = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    blocks = fold(events_of(chunk(drawing, {**drawing, "thought": True}, finish="STOP"))).choices[0].blocks
    assert [(block.kind, block.name, block.data) for block in blocks] == [
        ("media", "image/png", "aGk="),
        ("other", "", ""),
    ]


def test_calls_without_ids_get_some_that_stay_and_differ() -> None:
    chunks = chunk(SUM, SUM, responseId="r"), chunk(SUM, finish="STOP")
    ids = [event.id for event in of_kind(events_of(*chunks), BlockStart)]
    assert ids == ["call_r_0", "call_r_1", "call_r_2"]
    assert [event.id for event in of_kind(events_of(*chunks), BlockStart)] == ids
    assert ids[0] not in {event.id for event in of_kind(events_of(chunk(SUM, responseId="q")), BlockStart)}


def test_calls_of_answers_without_ids_differ_where_they_must() -> None:
    other = {"functionCall": {"name": "product", "args": {"a": 1}}}
    ids = [of_kind(events_of(chunk(call)), BlockStart)[0].id for call in (SUM, other, SUM)]
    assert ids[0] == ids[2] != ids[1]
    assert all(len(id) <= 40 and id.replace("_", "").isalnum() for id in ids)


@pytest.mark.parametrize("args", [{}, {"args": None}, {"args": {}}])
def test_a_call_without_arguments_has_an_empty_object(args: dict[str, Any]) -> None:
    assert of_kind(events_of(chunk({"functionCall": {"name": "f", **args}})), ToolArgsDelta) == [ToolArgsDelta(0, "{}")]


def test_citations_count_characters_where_gemini_counts_bytes() -> None:
    text = "Grüße. Über."
    supports = [
        {"segment": {"endIndex": len("Grüße.".encode())}, "groundingChunkIndices": [0, 7]},
        {"segment": {"startIndex": 9, "endIndex": 15}, "groundingChunkIndices": [1]},
    ]
    web = {"web": {"uri": "https://a.example", "title": "A"}}
    document = {"retrievedContext": {"title": "D", "text": "quoted"}}
    grounding = {"groundingChunks": [web, document], "groundingSupports": supports}
    events = events_of(
        chunk({"text": text[:3]}, groundingMetadata={}),
        chunk({"text": text[3:]}, finish="STOP", groundingMetadata=grounding),
    )
    first, second = of_kind(events, Citation)
    assert (first.url, first.title, first.start, first.end) == ("https://a.example", "A", 0, len("Grüße."))
    assert text[second.start : second.end] == "Über."
    assert (second.url, second.title, second.quote) == ("", "D", "quoted")
    assert json.loads(first.raw) == {"groundingChunk": web, "groundingSupport": supports[0]}
    assert [type(event) for event in events[-4:]] == [Citation, BlockEnd, Finish, StreamEnd]


def test_sources_of_no_certain_words_are_of_all_words() -> None:
    grounding = {"groundingChunks": [{"maps": {"uri": "https://m.example", "title": "M"}}]}
    (cited,) = of_kind(events_of(chunk({"text": "x"}, finish="STOP", groundingMetadata=grounding)), Citation)
    assert (cited.url, cited.start, cited.end) == ("https://m.example", None, None)


def test_citations_have_a_text_block_to_stand_in() -> None:
    grounding = {"groundingChunks": [{"web": {"uri": "https://a.example"}}]}
    events = events_of(chunk({"text": "x"}, SUM, finish="STOP", groundingMetadata=grounding))
    assert [type(event) for event in events[-5:]] == [BlockStart, Citation, BlockEnd, Finish, StreamEnd]
    assert told_stream(UPSTREAM, [sse(chunk(SUM, finish="STOP", groundingMetadata=grounding))]).complaints == []


@pytest.mark.parametrize("name", ["citations", "citationSources"])
def test_quoted_sources_are_citations(name: str) -> None:
    quoted = {name: [{"startIndex": 1, "endIndex": 3, "uri": "https://q.example", "title": "Q"}]}
    (cited,) = of_kind(events_of(chunk({"text": "xyz"}, finish="STOP", citationMetadata=quoted)), Citation)
    assert (cited.url, cited.title, cited.start, cited.end) == ("https://q.example", "Q", 1, 3)


def test_each_chunk_has_its_own_quoted_sources_and_some_tell_them_again() -> None:
    first, second = ({"startIndex": at, "endIndex": at + 2, "uri": f"https://{at}.example"} for at in (1, 4))
    cited = of_kind(
        events_of(
            chunk({"text": "abcd"}, citationMetadata={"citations": [{}, first, {}]}),
            chunk({"text": "efgh"}, citationMetadata={"citations": [first, second]}),
            chunk({"text": "."}, finish="STOP"),
        ),
        Citation,
    )
    assert [each.url for each in cited] == ["", "https://1.example", "", "https://4.example"]


def test_log_probabilities_are_openais_token_objects() -> None:
    result = {
        "chosenCandidates": [{"token": "Hé", "tokenId": 1, "logProbability": -0.5}, {"token": "!"}],
        "topCandidates": [{"candidates": [{"token": "Hé", "logProbability": -0.5}, {"token": "Ho"}]}],
    }
    (logprobs,) = of_kind(events_of(chunk({"text": "Hé!"}, finish="STOP", logprobsResult=result)), Logprobs)
    assert logprobs.block == 0
    first = {"token": "Hé", "logprob": -0.5, "bytes": [72, 195, 169]}
    assert json.loads(logprobs.tokens) == [
        {**first, "top_logprobs": [first, {"token": "Ho", "logprob": -9999.0, "bytes": [72, 111]}]},
        {"token": "!", "logprob": -9999.0, "bytes": [33], "top_logprobs": []},
    ]


OVERLOADED = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "body",
    [
        sse(chunk({"text": "a"})) + sse(OVERLOADED),
        json.dumps([chunk({"text": "a"}), OVERLOADED]).encode(),
        json.dumps([OVERLOADED], indent=1).encode(),
        json.dumps(OVERLOADED).encode(),
    ],
)
def test_an_error_inside_the_stream_ends_it(body: bytes) -> None:
    (event,) = of_kind(read_stream(UPSTREAM, [body]), StreamError)
    error = event.error
    assert isinstance(error, UpstreamRejected)
    assert (error.status, error.type, error.code) == (503, "service_unavailable", "UNAVAILABLE")
    assert error.message == "The model is overloaded."


def test_an_error_in_the_midst_of_a_stream_may_be_no_event() -> None:
    body = sse(chunk({"text": "a"}, finish="STOP")) + json.dumps(OVERLOADED, indent=2).encode()
    (event,) = of_kind(read_stream(UPSTREAM, [body]), StreamError)
    assert event.error.message == "The model is overloaded."


@pytest.mark.parametrize("body", [OVERLOADED, [OVERLOADED]])
def test_an_error_under_a_200_is_raised(body: Any) -> None:
    with pytest.raises(UpstreamRejected, match="overloaded") as caught:
        UPSTREAM.decode_whole(json.dumps(body).encode())
    assert caught.value.status == 503


def test_nothing_follows_an_error() -> None:
    events = events_of(OVERLOADED, chunk({"text": "a"}, finish="STOP"))
    assert isinstance(events[-1], StreamError)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"[", b"<html>", b'{"candidates": []}', b'{"usageMetadata": {}}', b'{"promptFeedback": {}}'],
)
def test_what_is_no_answer_makes_no_sense(body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        UPSTREAM.decode_whole(body)
    assert caught.value.code == "upstream_malformed"


def test_a_whole_answer_may_be_an_array_and_need_not_say_how_it_ended() -> None:
    body = json.dumps([chunk({"text": "a"}), chunk({"text": "b"}, SUM)], indent=2).encode()
    answer = fold(UPSTREAM.decode_whole(body))
    assert answer.choices[0].text("text") == "ab"
    assert answer.choices[0].finish == Finish("tool_calls")


def test_half_a_surrogate_pair_is_mended() -> None:
    body = rb'data: {"candidates":[{"content":{"parts":[{"text":"a\ud83d"}]},"finishReason":"STOP"}]}' + b"\n\n"
    assert fold(read_stream(UPSTREAM, [body])).choices[0].text("text") == "a\ufffd"


def test_what_goes_through_as_it_is_has_no_line_ends() -> None:
    pretty = json.dumps(
        [
            chunk(
                {"functionCall": {"name": "f", "args": {"a": [1, 2]}}},
                finish="STOP",
                usageMetadata={"promptTokenCount": 1, "x": [1, 2]},
            )
        ],
        indent=2,
    )
    sent = told_stream(UPSTREAM, [pretty.encode()])
    assert sent.calls[0]["arguments"] == '{"a":[1,2]}'
    assert sent.usage is not None
    assert sent.usage["x"] == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        b"data: {\r\n\r\n",
        b"data: [1]\r\n\r\n",
        sse(chunk({"functionCall": {"args": {}}})),
        sse({"candidates": [{"content": {"parts": ["text"]}}]}),
        b'[{"candidates": 1}]',
        b"data: \xff\r\n\r\n",
        sse(chunk({"text": "a"}, finish="STOP", groundingMetadata={"groundingChunks": 1})),
    ],
)
def test_chunks_that_make_no_sense(body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_stream(UPSTREAM, [body])
    assert caught.value.code == "upstream_malformed"


def test_an_error_without_words_is_its_own_message() -> None:
    (event,) = of_kind(events_of({"error": "quota"}), StreamError)
    assert (event.error.status, event.error.message) == (502, '{"error": "quota"}')


def test_white_space_before_either_form_is_none_of_it() -> None:
    body = sse(chunk({"text": "a"}, finish="STOP"))
    for pieces in ([b"\r\n", b"\n ", body], [b" ", json.dumps([chunk({"text": "a"}, finish="STOP")]).encode()]):
        assert of_kind(read_stream(UPSTREAM, pieces), TextDelta) == [TextDelta(0, "a")]


def test_log_probabilities_of_nothing_are_none() -> None:
    assert not of_kind(events_of(chunk({"text": "a"}, finish="STOP", logprobsResult={"topCandidates": []})), Logprobs)


def piece(path: str, more: bool = True, **value: Any) -> dict[str, Any]:
    """A piece of a call's arguments, which continue."""
    return {
        "functionCall": {"partialArgs": [{"jsonPath": path, "willContinue": more, **value}], "willContinue": True},
    }


def test_streamed_arguments_are_put_together() -> None:
    """https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc"""
    events = events_of(
        chunk({"functionCall": {"name": "f", "id": "c1", "willContinue": True}, "thoughtSignature": "sig"}),
        chunk(piece("$.city", stringValue="New ")),
        chunk(piece("$.days", numberValue=3), piece("$.city", stringValue="Delhi", more=False)),
        chunk(piece("$.stops[0].name", stringValue="a")),
        chunk(piece("$.stops[1]['na.me']", boolValue=True), piece("$.none", nullValue="NULL_VALUE")),
        chunk({"functionCall": {}}),
        chunk({"functionCall": {"name": "g", "willContinue": True}}, finish="STOP"),
    )
    names = [start.name for start in of_kind(events, BlockStart)]
    arguments = [json.loads(delta.fragment) for delta in of_kind(events, ToolArgsDelta)]
    assert names == ["f", "g"]
    stops = [{"name": "a"}, {"na.me": True}]
    assert arguments == [{"city": "New Delhi", "days": 3, "stops": stops, "none": None}, {}]
    assert of_kind(events, Finish)[0].reason == "tool_calls"
    assert len(of_kind(events, BlockMeta)) == 1


def test_whatever_follows_a_streamed_call_ends_it() -> None:
    events = events_of(
        chunk({"functionCall": {"name": "f", "willContinue": True}}),
        chunk(piece("$.a", stringValue="1")),
        chunk({"text": "Done."}),
        chunk({"functionCall": {"name": "g", "partialArgs": [{"jsonPath": "$.b", "numberValue": 2}]}}, finish="STOP"),
    )
    assert [(start.kind, start.name) for start in of_kind(events, BlockStart)] == [
        ("tool_call", "f"),
        ("text", ""),
        ("tool_call", "g"),
    ]
    assert [json.loads(delta.fragment) for delta in of_kind(events, ToolArgsDelta)] == [{"a": "1"}, {"b": 2}]


@pytest.mark.parametrize("path", ["$.a[9]", "$..a", "$.a.b.", "$[0]"])
def test_a_path_that_makes_no_sense_is_an_error(path: str) -> None:
    with pytest.raises(UpstreamError):
        events_of(
            chunk({"functionCall": {"name": "f", "willContinue": True}}),
            chunk(piece(path, stringValue="1")),
            chunk({"functionCall": {}}, finish="STOP"),
        )
