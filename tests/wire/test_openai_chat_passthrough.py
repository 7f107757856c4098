"""An OpenAI-compatible upstream's stream on its way to an OpenAI client: what passes, and what is put right.

The samples are written after the vendors' documentation, so that the dialect can be proved without recordings.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from acceptance.readings import Choice, Reading, ToolCall
from acceptance.stock_chat import read
from sealink.errors import GatewayTimeout, UpstreamError, UpstreamRejected
from sealink.wire.framing.sse import DONE
from wire.openai_chat_grammar import complaints
from wire.openai_chat_line import QUESTION, chunk, frames, lane_of, relayed, said, stock_client, stream_head

SAMPLES = Path(__file__).with_name("samples") / "openai_chat"
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
EVERY = 4
"""So many bytes lie between the places where a sample is cut, in full one."""
AS_OPENAI = ("openai_text", "openai_tools", "openai_two_choices")

EXPECTED = {
    "openai_text": Choice("Hello “wörld” 😀", finish_reason="stop"),
    "openai_tools": Choice(
        tool_calls=[ToolCall("call_a", "weather", {"city": "Paris"}), ToolCall("call_b", "time", {})],
        finish_reason="tool_calls",
    ),
    "azure": Choice("Hi", finish_reason="stop"),
    "mistral_tools": Choice(
        tool_calls=[ToolCall("a1", "f", {"x": 1}), ToolCall("b2", "f", {"x": 2})], finish_reason="tool_calls"
    ),
    "mistral_thinking": Choice("So: 4", "Let me see.", finish_reason="stop"),
    "groq_reasoning": Choice("4", "Hmm", finish_reason="stop"),
    "perplexity": Choice("So it", finish_reason="stop"),
    "qwen_tools": Choice(tool_calls=[ToolCall("q1", "f", {"a": 1})], finish_reason="tool_calls"),
    "openrouter_tools": Choice(
        tool_calls=[ToolCall("t1", "f", {"n": 1}), ToolCall("t2", "f", {"n": 2})], finish_reason="stop"
    ),
    "openrouter_annotations": Choice("See", finish_reason="stop"),
    "zhipu": Choice("ok", "hm", finish_reason="stop"),
    "snowflake": Choice("4", finish_reason="stop"),
    "together": Choice("ok", finish_reason="stop"),
}


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.sse").read_bytes()


def reading_of(out: bytes) -> Reading:
    return read(stock_client(lambda: (200, out)), {"model": "m", "messages": QUESTION, "stream": True})


def one(*chunks: dict[str, Any] | bytes, include_usage: bool = True, done: bool = True) -> list[dict[str, Any]]:
    """What the client gets of these chunks, which must be clean."""
    out, _ = relayed([frames(*chunks, done=done)], include_usage=include_usage)
    assert complaints(out, include_usage=include_usage) == []
    return said(out)


def deltas(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry["delta"] for chunk in chunks for entry in chunk["choices"]]


def tool_delta(*calls: dict[str, Any]) -> dict[str, Any]:
    return chunk({"role": "assistant", "content": None, "tool_calls": list(calls)})


def calls_in(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call for delta in deltas(chunks) for call in delta.get("tool_calls", ())]


def failure_of(*chunks: dict[str, Any] | bytes) -> tuple[UpstreamError, list[dict[str, Any]]]:
    out, outcome = relayed([frames(*chunks)])
    assert complaints(out, include_usage=True) == []
    assert isinstance(outcome.error, UpstreamError)
    assert not outcome.complete
    return outcome.error, said(out)


FIRST, LAST = chunk({"role": "assistant", "content": "x"}), chunk({}, "stop")


@pytest.mark.parametrize("include_usage", [True, False])
@pytest.mark.parametrize("name", EXPECTED)
def test_samples_read_as_they_should(name: str, include_usage: bool) -> None:
    out, outcome = relayed([sample(name)], include_usage=include_usage)
    assert complaints(out, include_usage=include_usage) == []
    reading = reading_of(out)
    assert reading.choices == {0: EXPECTED[name]}
    assert reading.failure is None
    assert outcome.complete
    assert outcome.content_started
    if not include_usage:
        assert b'"usage"' not in out
    elif b'"prompt_tokens":9' in sample(name):
        assert reading.usage is not None
        assert reading.usage["prompt_tokens"] == 9
        assert outcome.usage is not None
        assert outcome.usage.input_tokens == 9
        assert outcome.provenance == "provider"


@pytest.mark.parametrize("name", AS_OPENAI)
def test_openais_own_shape_goes_through_untouched(name: str) -> None:
    lane = lane_of(stream_head(include_usage=True, choices=2 if name == "openai_two_choices" else 1))
    for frame in sample(name).split(b"\n\n")[:-1]:
        assert lane.feed(frame + b"\n\n") == frame + b"\n\n"
    assert lane.ended


@pytest.mark.parametrize("name", AS_OPENAI)
def test_a_client_that_did_not_ask_for_usage_sees_what_openai_would_have_sent(name: str) -> None:
    out, _ = relayed([sample(name)], include_usage=False, choices=2 if name == "openai_two_choices" else 1)
    without_usage = sample(name).replace(b',"usage":null', b"")
    assert out == b"".join(f + b"\n\n" for f in without_usage.split(b"\n\n")[:-1] if b'"choices":[]' not in f)


@pytest.mark.parametrize("name", [path.stem for path in SAMPLES.glob("*.sse")])
def test_samples_in_any_two_pieces_and_byte_by_byte(name: str, full: bool) -> None:
    body = sample(name)
    whole = relayed([body])[0]
    assert all(relayed([body[:at], body[at:]])[0] == whole for at in range(1, len(body), 1 if full else EVERY))
    assert relayed([body[at : at + 1] for at in range(len(body))])[0] == whole


@pytest.mark.parametrize("name", [path.stem for path in SAMPLES.glob("*.sse")])
def test_samples_cut_anywhere_end_in_one_error(name: str, full: bool) -> None:
    body = sample(name)
    for at in range(0, len(body), 1 if full else EVERY):
        out, outcome = relayed([body[:at]], cause=UpstreamError("reset", code="upstream_reset"))
        ended = out.endswith(DONE)
        assert ended or said(out)[-1]["error"], at
        assert sum("error" in chunk for chunk in said(out)) == (0 if ended else 1), at
        assert outcome.complete == ended, at


@pytest.mark.parametrize(
    ("name", "message", "code", "type", "status"),
    [
        ("groq_error", "Tool call validation failed", "tool_use_failed", "invalid_request_error", 400),
        ("vllm_error", "boom", 500, "InternalServerError", 500),
        ("openrouter_error", "Rate limit exceeded", 429, "rate_limit_exceeded", 429),
    ],
)
def test_an_error_inside_the_stream(name: str, message: str, code: Any, type: str, status: int) -> None:
    out, outcome = relayed([sample(name)])
    assert complaints(out, include_usage=True) == []
    error = said(out)[-1]["error"]
    assert (error["message"], error["code"], error["type"], error["param"]) == (message, code, type, None)
    assert isinstance(outcome.error, UpstreamRejected)
    assert outcome.error.status == status
    failure = reading_of(out).failure
    assert failure is not None
    assert failure.message == message


def test_what_else_the_upstream_said_of_an_error_is_kept() -> None:
    out, _ = relayed([sample("openrouter_error")])
    assert said(out)[-1]["error"]["metadata"] == {"provider_name": "X"}


class TestUsage:
    def test_running_counts_become_one(self) -> None:
        out = one(
            chunk({"role": "assistant", "content": "a"}, usage={**USAGE, "total_tokens": 1}), {**LAST, "usage": USAGE}
        )
        assert [piece["usage"] for piece in out] == [None, None, USAGE]

    def test_a_usage_chunk_goes_out_at_once(self) -> None:
        lane = lane_of(stream_head(include_usage=True))
        lane.feed(frames(FIRST, LAST, done=False))
        usage = frames({**chunk(), "choices": [], "usage": USAGE}, done=False)
        assert lane.feed(usage) == usage

    def test_it_is_not_told_before_every_choice_has_ended(self) -> None:
        body = frames(
            {
                **LAST,
                "choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
            },
            {**chunk(), "choices": [], "usage": {**USAGE, "total_tokens": 1}},
            {**LAST, "choices": [{"index": 1, "delta": {"role": "assistant"}, "finish_reason": "stop"}]},
            {**chunk(), "choices": [], "usage": USAGE},
        )
        out, _ = relayed([body], choices=2)
        assert complaints(out, include_usage=True) == []
        assert said(out)[-1]["usage"] == USAGE

    def test_an_empty_one_says_nothing(self) -> None:
        assert one(FIRST, LAST, {**chunk(), "choices": [], "usage": {}})[-1]["choices"]

    def test_it_comes_without_a_comma_before_it(self) -> None:
        first = {"usage": None, **FIRST}
        assert "usage" not in json.dumps(
            one(first, {"usage": None, **chunk({"content": "y"})}, LAST, include_usage=False)
        )

    def test_what_a_text_says_of_usage_stays(self) -> None:
        text = 'he said ,"usage":null and "usage"'
        out = one(FIRST, chunk({"content": text}, usage=None), LAST, include_usage=False)
        assert deltas(out)[1]["content"] == text

    def test_groqs_corner_says_nothing_to_a_client_that_did_not_ask(self) -> None:
        last = {**LAST, "x_groq": {"id": "req_1", "usage": USAGE}}
        assert one(FIRST, last, include_usage=False)[-1]["x_groq"] == {"id": "req_1"}
        assert one(FIRST, last)[-1]["usage"] == USAGE


class TestChoices:
    def test_what_comes_before_the_first_choice_travels_with_it(self) -> None:
        filtered = {"id": "", "object": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
        first, *_ = one(filtered, FIRST, LAST)
        assert first["prompt_filter_results"] == [{"prompt_index": 0}]
        assert first["id"] == FIRST["id"]

    @pytest.mark.parametrize("empty", [{}, {"choices": None}, {"choices": "x"}, {"choices": [None]}, {"id": "1"}])
    def test_a_chunk_without_choices_is_left_out(self, empty: dict[str, Any]) -> None:
        assert len(one(FIRST, empty, LAST)) == 2

    def test_moderation_comes_behind_the_usage(self) -> None:
        moderation = {**chunk(), "choices": [], "usage": None, "moderation": {"input": {}}}
        body = frames(FIRST, LAST, {**chunk(), "choices": [], "usage": USAGE}, moderation)
        assert relayed([body])[0] == body
        assert said(relayed([body], include_usage=False)[0])[-1].keys() == moderation.keys() - {"usage"}

    @pytest.mark.parametrize("role", [{}, {"role": None}, {"role": ""}, {"role": "model"}])
    def test_the_first_delta_has_the_role(self, role: dict[str, Any]) -> None:
        out = one(chunk({**role, "content": "x"}), chunk({"content": "y"}), LAST)
        assert [delta.get("role") for delta in deltas(out)] == ["assistant", None, None]

    @pytest.mark.parametrize("delta", [None, "absent"])
    def test_a_choice_without_a_delta_gets_one(self, delta: str | None) -> None:
        entry = {"index": 0, "finish_reason": None, "content_filter_results": {}} | ({} if delta else {"delta": None})
        first, *_ = one({**chunk(), "choices": [entry]}, FIRST, LAST)
        assert first["choices"][0]["delta"] == {"role": "assistant"}
        assert first["choices"][0]["content_filter_results"] == {}

    def test_a_choice_without_an_index_is_counted(self) -> None:
        entries = [
            {"delta": {"content": "a"}, "finish_reason": "stop"},
            {"delta": {"content": "b"}, "finish_reason": "stop"},
        ]
        out = one({**chunk(), "choices": entries})
        assert [entry["index"] for entry in out[0]["choices"]] == [0, 1]

    def test_an_answer_that_comes_whole_becomes_a_stream(self) -> None:
        message = {"role": "assistant", "content": "all", "tool_calls": [{"id": "1", "function": {"name": "f"}}]}
        whole = {
            "object": "chat.completion",
            "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": USAGE,
        }
        pretty = json.dumps(whole, indent=2)
        for body in (frames(whole), json.dumps(whole).encode(), pretty.encode(), pretty.replace("\n", "\r\n").encode()):
            out, outcome = relayed([body])
            assert complaints(out, include_usage=True) == []
            assert reading_of(out).choices[0].text == "all"
            assert outcome.usage is not None

    def test_what_was_said_so_far_is_not_said_again(self) -> None:
        last = {**LAST, "choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}
        assert reading_of(relayed([frames(FIRST, last)])[0]).choices[0].text == "x"

    def test_azures_late_filter_results(self) -> None:
        late = {"index": 0, "finish_reason": None, "content_filter_results": {"hate": {"filtered": False}}}
        assert one(FIRST, LAST, {**chunk(), "choices": [late]})[-1]["choices"][0]["content_filter_results"]

    def test_a_number_for_logprobs(self) -> None:
        entry = {"index": 0, "delta": {"content": "x"}, "finish_reason": None, "logprobs": -0.5}
        assert one(FIRST, {**chunk(), "choices": [entry]}, LAST)[1]["choices"][0]["logprobs"] is None


class TestFinish:
    @pytest.mark.parametrize(
        ("word", "reason"),
        [
            ("eos", "stop"),
            ("STOP", "stop"),
            ("brand_new", "stop"),
            ("MAX_TOKENS", "length"),
            ("model_length", "length"),
            ("SAFETY", "content_filter"),
            ("tool_use", "tool_calls"),
            ("function_call", "function_call"),
        ],
    )
    def test_words_become_openais(self, word: str, reason: str) -> None:
        out, outcome = relayed([frames(FIRST, chunk({}, word))])
        assert said(out)[-1]["choices"][0]["finish_reason"] == reason
        assert outcome.finish_reasons == {0: word}

    @pytest.mark.parametrize("word", ["error", "insufficient_system_resource", "network_error"])
    def test_words_that_tell_of_a_failure_end_in_an_error(self, word: str) -> None:
        error, out = failure_of(FIRST, chunk({"content": "y"}, word))
        assert word in error.message
        assert out[1]["choices"][0]["finish_reason"] is None

    def test_one_for_each_choice(self) -> None:
        out = one(FIRST, LAST, LAST, chunk({"role": "assistant", "content": ""}))
        assert [piece["choices"][0]["finish_reason"] for piece in out] == [None, "stop"]

    def test_content_and_finish_together_wait_for_what_follows(self) -> None:
        lane = lane_of(stream_head(include_usage=True))
        assert lane.feed(frames(FIRST, chunk({"content": "y"}, "stop"), done=False)) == frames(FIRST, done=False)
        assert lane.feed(b": still here\n\n") == b":\n"
        assert lane.feed(DONE) == frames(chunk({"content": "y"}, "stop"))

    def test_what_was_held_goes_out_before_an_error(self) -> None:
        lane = lane_of(stream_head(include_usage=True))
        lane.feed(frames(FIRST, chunk({"content": "y"}, "stop"), done=False))
        out = lane.close(GatewayTimeout("slow", code="idle"))
        assert [list(piece) for piece in said(out)][-1] == ["error"]
        assert said(out)[0]["choices"][0]["delta"] == {"content": "y"}

    def test_the_last_one_counts(self) -> None:
        out = one(FIRST, chunk({"content": "y"}, "tool_calls"), chunk({"content": "z"}, "length"), LAST)
        assert [piece["choices"][0]["finish_reason"] for piece in out] == [None, None, None, "stop"]

    def test_content_behind_the_end_is_not_lost(self) -> None:
        out, _ = relayed([frames(FIRST, LAST, chunk({"content": "more"}))])
        assert reading_of(out).choices[0].text == "xmore"

    @pytest.mark.parametrize("reason", ["", None])
    def test_one_that_was_left_out_is_added(self, reason: str | None) -> None:
        assert one(chunk({"role": "assistant", "content": "x"}, reason))[-1]["choices"][0]["finish_reason"] == "stop"
        call = {"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        assert one(tool_delta(call))[-1]["choices"][0]["finish_reason"] == "tool_calls"


class TestToolCalls:
    FULL: dict[str, Any] = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}  # noqa: RUF012

    def test_an_index_that_starts_above_zero(self) -> None:
        more = chunk({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]})
        assert [call["index"] for call in calls_in(one(tool_delta({**self.FULL, "index": 1}), more, LAST))] == [0, 0]

    @pytest.mark.parametrize("index", [{}, {"index": None}])
    def test_no_index(self, index: dict[str, Any]) -> None:
        full = {name: value for name, value in self.FULL.items() if name != "index"} | index
        more = chunk({"tool_calls": [{"function": {"arguments": "{}"}}]})
        found = calls_in(one(tool_delta(full, {**full, "id": "c2"}), more, LAST))
        assert [(call["index"], call.get("id")) for call in found] == [(0, "c1"), (1, "c2"), (1, None)]

    def test_one_index_for_several_calls(self) -> None:
        found = calls_in(one(tool_delta(self.FULL), tool_delta({**self.FULL, "id": "c2"}), LAST))
        assert [(call["index"], call["id"]) for call in found] == [(0, "c1"), (1, "c2")]

    def test_one_index_for_several_calls_whose_arguments_come_apart(self) -> None:
        more = chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]})
        found = calls_in(one(tool_delta(self.FULL), more, tool_delta({**self.FULL, "id": "c2"}), more, LAST))
        assert [call["index"] for call in found] == [0, 0, 1, 1]

    def test_one_index_and_no_ids(self) -> None:
        whole = {"index": 0, "id": "", "function": {"name": "f", "arguments": "{}"}}
        found = calls_in(one(tool_delta(whole), tool_delta(whole), LAST))
        assert [call["index"] for call in found] == [0, 1]
        assert len({call["id"] for call in found}) == 2
        assert all(0 < len(call["id"]) <= 40 for call in found)

    @pytest.mark.parametrize("again", ["c1", "", None])
    def test_what_is_told_again_is_left_out(self, again: str | None) -> None:
        repeated = {"index": 0, "id": again, "type": None, "function": {"name": again and "f", "arguments": "{}"}}
        found = calls_in(one(tool_delta(self.FULL), tool_delta(repeated), LAST))
        assert found[1] == {"index": 0, "function": {"arguments": "{}"}}

    def test_a_name_that_comes_late(self) -> None:
        opening, named = {"index": 0, "id": "c1"}, {"index": 0, "function": {"name": "f", "arguments": "{}"}}
        found = calls_in(one(tool_delta(opening), tool_delta(named), LAST))
        assert found == [{**self.FULL, "function": {"name": "f", "arguments": "{}"}}]

    def test_arguments_that_are_an_object(self) -> None:
        found = calls_in(one(tool_delta({**self.FULL, "function": {"name": "f", "arguments": {"a": [1, 2]}}}), LAST))
        assert json.loads(found[0]["function"]["arguments"]) == {"a": [1, 2]}

    def test_arguments_that_are_null(self) -> None:
        null = {"name": None, "arguments": None}
        opening = {**self.FULL, "function": {"name": "f", "arguments": None}}
        found = calls_in(one(tool_delta(opening), tool_delta({"index": 0, "function": null}), LAST))
        assert [call["function"] for call in found] == [{"name": "f", "arguments": ""}, {}]

    def test_custom_tools(self) -> None:
        opening = {"index": 0, "id": "c1", "type": "custom", "custom": {"name": "f", "input": ""}}
        body = frames(tool_delta(opening), tool_delta({"index": 0, "custom": {"input": "x"}}), LAST)
        assert relayed([body])[0] == body

    def test_an_empty_function_call_is_left_out_and_a_real_one_stays(self) -> None:
        out = one(chunk({"role": "assistant", "function_call": {"name": "", "arguments": ""}}), LAST)
        assert "function_call" not in deltas(out)[0]
        body = frames(chunk({"role": "assistant", "function_call": {"name": "f", "arguments": ""}}), LAST)
        assert relayed([body])[0] == body


class TestReasoning:
    @pytest.mark.parametrize("name", ["reasoning", "reasoning_text", "thinking"])
    def test_it_is_in_reasoning_content_too(self, name: str) -> None:
        out = one(chunk({"role": "assistant", name: "a"}), chunk({name: "b"}), chunk({name: "c\n"}), LAST)
        assert [(delta.get(name), delta.get("reasoning_content")) for delta in deltas(out)[:3]] == [
            ("a", "a"),
            ("b", "b"),
            ("c\n", "c\n"),
        ]

    def test_it_is_not_doubled(self) -> None:
        body = frames(FIRST, chunk({"reasoning": "a", "reasoning_content": "a"}), LAST)
        assert relayed([body])[0] == body

    @pytest.mark.parametrize("empty", [{"reasoning_content": None}, {"reasoning_content": ""}])
    def test_beside_an_empty_reasoning_content(self, empty: dict[str, Any]) -> None:
        assert deltas(one(FIRST, chunk({"reasoning": "a", **empty}), LAST))[1]["reasoning_content"] == "a"

    def test_details_alone(self) -> None:
        details = [{"type": "reasoning.text", "text": "a", "index": 0}, {"type": "reasoning.summary", "summary": "b"}]
        assert deltas(one(FIRST, chunk({"reasoning_details": details}), LAST))[1]["reasoning_content"] == "ab"

    def test_parts_of_content(self) -> None:
        summary = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "a"}]}
        out = one(FIRST, chunk({"content": [summary, {"type": "text", "text": "b"}]}), LAST)
        assert deltas(out)[1] == {"content": "b", "reasoning_content": "a"}


class TestFrames:
    @pytest.mark.parametrize("eol", [b"\n", b"\r\n", b"\r"])
    def test_other_lines_and_line_ends(self, eol: bytes) -> None:
        raw = frames(FIRST, LAST).split(b"\n\n")[:-1]
        body = b"".join(
            eol.join([b": note", b"id: 7", b"event: message", b"retry: 5", line.replace(b"data: ", b"data:"), eol])
            for line in raw
        )
        assert relayed([body])[0] == frames(FIRST, LAST)

    def test_json_over_several_lines(self) -> None:
        lines = json.dumps(FIRST, indent=1).splitlines()
        body = b"".join(b"data: " + line.encode() + b"\n" for line in lines) + b"\n" + frames(LAST)
        out, _ = relayed([body])
        assert complaints(out, include_usage=True) == []
        assert reading_of(out).choices[0].text == "x"

    def test_comments_keep_the_client_awake(self) -> None:
        assert relayed([b": OPENROUTER PROCESSING\n\n" + frames(FIRST, LAST)])[0] == b":\n" + frames(FIRST, LAST)

    @pytest.mark.parametrize("nothing", [b"event: ping\n\n", b"id: 1\n\n", b"retry: 5\n\n", b"data:\n\n", b"\n\n"])
    def test_events_without_data_are_left_out(self, nothing: bytes) -> None:
        assert relayed([nothing + frames(FIRST, LAST)])[0] == frames(FIRST, LAST)

    @pytest.mark.parametrize(
        "nonsense", [b"data: {\n\n", b"data: 7\n\n", b"data: []\n\n", b"data: null\n\n", b'data: {"a":"\xff"}\n\n']
    )
    def test_nonsense_is_an_error(self, nonsense: bytes) -> None:
        error, _ = failure_of(FIRST, nonsense)
        assert error.code == "upstream_malformed"

    def test_bytes_that_are_not_utf8_beside_a_plain_delta(self) -> None:
        broken = frames(chunk({"content": "y"}, system_fingerprint="_"), done=False).replace(b'"_"', b'"\xff"')
        assert failure_of(FIRST, broken)[0].code == "upstream_malformed"

    def test_half_a_surrogate_pair_and_nan(self) -> None:
        half = (
            frames(chunk({"content": "_"}, t="_"), done=False).replace(b'"t":"_"', b'"t":NaN').replace(b"_", b"\\ud83d")
        )
        assert deltas(one(FIRST, half, LAST))[1]["content"] == "\ufffd"

    @pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b"data:[DONE]\r\n\r\n", b"event: done\ndata: [DONE] \n\n"])
    def test_the_end(self, end: bytes) -> None:
        assert relayed([frames(FIRST, LAST, end, b"data: nonsense\n\n", done=False)])[0] == frames(FIRST, LAST)

    def test_no_done_behind_a_whole_answer(self) -> None:
        out, outcome = relayed([frames(FIRST, {**LAST, "usage": USAGE}, done=False)])
        assert complaints(out, include_usage=True) == []
        assert outcome.complete
        assert said(out)[-1]["usage"] == USAGE

    def test_no_done_and_no_finish_is_a_cut(self) -> None:
        out, outcome = relayed([frames(FIRST, done=False)])
        assert said(out)[-1]["error"]["code"] == "upstream_truncated"
        assert not outcome.complete

    def test_done_and_nothing_else(self) -> None:
        assert failure_of()[0].code == "upstream_empty"

    def test_a_page_instead_of_a_stream(self) -> None:
        out, outcome = relayed([b"<html>502 Bad Gateway</html>"])
        assert outcome.error is not None
        assert "502 Bad Gateway" in said(out)[-1]["error"]["message"]


class TestErrors:
    @pytest.mark.parametrize(
        ("frame", "words", "status"),
        [
            ({"error": {"message": "m", "code": 503}}, "m", 503),
            ({"error": "m"}, "m", 502),
            ({"error": {"message": "m", "type": "insufficient_quota"}}, "m", 429),
            ({"detail": "m"}, "m", 502),
            ({"message": "m", "status": 418}, "m", 418),
            ({"type": "error", "message": "m"}, "m", 502),
            ({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "m"}}, "m", 502),
            ({**chunk(), "x_groq": {"error": "m"}}, "m", 502),
            ({**chunk(), "choices": [{"index": 0, "delta": {}, "error": {"message": "m", "code": 400}}]}, "m", 400),
            (b"event: error\ndata: m\n\n", "m", 502),
            (b'event: error\ndata: {"message":"m"}\n\n', "m", 502),
            (b'{"error":{"message":"m","code":"429"}}\n\n', "m", 429),
        ],
    )
    def test_every_shape(self, frame: Any, words: str, status: int) -> None:
        error, out = failure_of(FIRST, frame)
        assert isinstance(error, UpstreamRejected)
        assert (error.message, error.status) == (words, status)
        assert out[-1]["error"]["message"] == words

    @pytest.mark.parametrize("none", [None, "", {}, False])
    def test_no_error(self, none: Any) -> None:
        body = frames(FIRST, {**chunk({"content": "y"}), "error": none}, LAST)
        assert relayed([body])[0] == body

    def test_nothing_follows(self) -> None:
        lane = lane_of(stream_head(include_usage=True))
        lane.feed(frames(FIRST, {"error": {"message": "m"}}))
        assert lane.ended
        assert lane.feed(frames(FIRST)) == b"" == lane.close(None)


class TestOutcome:
    @pytest.mark.parametrize(
        "delta",
        [
            {"content": "x"},
            {"reasoning": "x"},
            {"refusal": "x"},
            {"tool_calls": [TestToolCalls.FULL]},
            {"audio": {"id": "a"}},
            {"content": [{"type": "text", "text": "x"}]},
        ],
    )
    def test_content_has_started(self, delta: dict[str, Any]) -> None:
        lane = lane_of(stream_head(include_usage=True))
        lane.feed(frames(chunk({"role": "assistant", "content": ""}), done=False) + b": ping\n\n")
        assert not lane.outcome.content_started
        lane.feed(frames(chunk({"content": None, "refusal": None}), done=False))
        assert not lane.outcome.content_started
        lane.feed(frames(chunk(delta), done=False))
        assert lane.outcome.content_started

    def test_the_words_are_known_even_if_the_usage_never_comes(self) -> None:
        call = {"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": "{"}}
        more = chunk({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]})
        body = frames(FIRST, chunk({"content": "y", "reasoning": "z"}), chunk({"tool_calls": [call]}), more, LAST)
        assert relayed([body])[1].text.tokens(len) == len("xyz{}")

    def test_an_empty_answer_has_started_with_its_end(self) -> None:
        lane = lane_of(stream_head(include_usage=True))
        lane.feed(frames(chunk({"role": "assistant", "content": ""}), LAST, done=False))
        assert lane.outcome.content_started

    def test_reasoning_counts_as_output_where_the_vendor_leaves_it_out(self) -> None:
        xai = {"prompt_tokens": 28, "completion_tokens": 8, "total_tokens": 327}
        details = {
            "completion_tokens_details": {"reasoning_tokens": 291},
            "prompt_tokens_details": {"cached_tokens": 4},
        }
        usage = relayed([frames(FIRST, {**LAST, "usage": xai | details})])[1].usage
        assert usage is not None
        assert (usage.output_tokens, usage.reasoning_tokens, usage.cached_read_tokens) == (299, 291, 4)
        assert usage.extras.keys() == details.keys()
