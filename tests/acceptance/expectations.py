"""What a client must read of a recorded answer: expected.json, what the provider's own SDK read, in no dialect's words.

`expected_reading` does the telling, per wire format; `as_seen_by` takes out what a client's dialect has no place for.
Between two ends of one dialect the SDK must read the provider's very words: usage and finish are then compared too.
"""

import json
from collections.abc import Callable
from typing import Any

from acceptance import stock_chat, stock_messages, stock_responses
from acceptance.readings import Choice, Failure, Reading, Tokens, ToolCall, parsed
from recordings import Case

Fields = dict[str, Any]

CLIENT_OF = {"openai-chat": "chat", "anthropic-messages": "messages", "openai-responses": "responses"}
"""The client dialect of a wire format, where it has one."""

FINISH = {
    "anthropic-messages": stock_messages.FINISH,
    "openai-responses": {**stock_responses.FINISH, "completed": "stop", "incomplete": "length"},
    "openai-chat": {"eos": "stop", "tool_call": "tool_calls"},
    "bedrock-converse": {
        **stock_messages.FINISH,
        "guardrail_intervened": "content_filter",
        "content_filtered": "content_filter",
    },
    "cohere-v2": {
        "COMPLETE": "stop",
        "STOP_SEQUENCE": "stop",
        "MAX_TOKENS": "length",
        "TOOL_CALL": "tool_calls",
    },
    "gemini": {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        "SAFETY": "content_filter",
        "RECITATION": "content_filter",
        "MODEL_ARMOR": "content_filter",
        "FAKE_ENUM": "stop",
    },
    "ollama-chat": {},
}
"""The providers' words for an end → those of sealink.events."""

WHOLE = {"openai-responses": ("completed",), "gemini": ("STOP",), "ollama-chat": ("stop",)}
"""The words for an end that do not tell whether it is the tools' turn."""

FAILED = {"ERROR": "", "UNEXPECTED_TOOL_CALL": "", "MALFORMED_FUNCTION_CALL": ""}
"""Ends that are failures: the answer is not whole. What the error's words must hold."""

CREDENTIALS_REFUSED = (401, 402, 403)
"""A provider's refusals of the operator's credentials. Clients get 502 `upstream_unauthorized`."""


def expected_reading(case: Case, *, straight: bool = False) -> Reading:
    """What expected.json says. `straight`: as a chat client reads it without SeaLink, in the vendor's own words."""
    expected = case.expected
    if case.kind == "error":
        error = expected["error"]
        words = error["message"] if straight else words_of(_error_body(case))
        return Reading(failure=Failure(words, case.meta["status"]))
    said = _said(case)
    choices = {int(index): _choice(choice) for index, choice in expected.get("choices", {"0": said}).items()}
    usage = said["usage"] or (None if straight else expected.get("x_groq_usage"))
    tokens = TOKENS[case.api](usage) if usage else None
    if failure := _failure(expected, said):
        for choice in choices.values() if case.api != "openai-chat" else ():
            choice.finish_reason = None  # how an answer failed is told as an error
        return Reading(choices, tokens, failure=failure)
    # An sdk_error without a body is the vendor's SDK tripping over something behind a whole answer.
    for choice in choices.values():
        choice.finish_reason = choice.finish_reason if straight else _finish(case, choice)
    choices[0].refusal = expected.get("refusal", "") or _why_blocked(expected)
    return Reading(choices, tokens, _citations(case), usage=usage)


def as_seen_by(client: str, case: Case) -> Reading:
    """What a client of this dialect must read of a case."""
    reading = expected_reading(case)
    if CLIENT_OF.get(case.api) != client:
        reading.usage = None
        if case.api == "openai-chat" and reading.tokens:
            _count_reasoning(reading.tokens, _said(case)["usage"] or {})
    elif client != "chat" and reading.failure is None:
        reading.finish = _said(case)["finish_reason"]
        if details := _said(case).get("stop_details"):
            reading.choices[0].refusal = details.get("explanation") or ""
    if client != "chat":
        _in_blocks(reading)
    if client == "messages":
        _in_anthropics_words(reading, case)
    return reading


def through_sealink(client: str, case: Case) -> Reading:
    """What a client of this dialect must read of a case when a whole SeaLink stands between."""
    reading = as_seen_by(client, case)
    if reading.failure is not None and reading.failure.status in CREDENTIALS_REFUSED:
        reading.failure.status = 502
    return reading


def words_of(body: Any) -> str:
    """The words of an error body: its message, wherever the vendor put it, or all of it."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict):
        inner = body.get("error", body)
        message = inner.get("message", inner.get("detail", inner)) if isinstance(inner, dict) else inner
        return message if isinstance(message, str) else json.dumps(message)
    return str(body)


def _error_body(case: Case) -> Any:
    """The body as the SDK shows it, or, where it only quotes it, as it came."""
    if "body" in case.expected["error"]:
        return case.expected["error"]["body"]
    try:
        return json.loads(case.body)
    except ValueError:
        return case.body.decode()


def _failure(expected: Fields, said: Fields) -> Failure | None:
    if body := expected.get("sdk_error", {}).get("body") or expected.get("error"):
        return Failure(words_of(body), 200)
    if said["finish_reason"] in FAILED:
        return Failure(FAILED[said["finish_reason"]], 200)  # or that of an error, where nothing came before
    return None


def _choice(said: Fields) -> Choice:
    calls = [ToolCall(call["id"], call["name"], _arguments(call)) for call in said["tool_calls"]]
    reasoning = said["reasoning"] or said.get("tool_plan", "")  # Cohere's thoughts before a call
    return Choice(said["text"], reasoning, "", calls, said["finish_reason"])


def _arguments(call: Fields) -> Any:
    if "input" in call:
        return parsed(call["input"])  # a custom tool's
    return call["arguments_raw"] if call["arguments"] is None else call["arguments"]


def _finish(case: Case, choice: Choice) -> str:
    """Every choice of a finished answer ends in one of four ways, also where the vendor said nothing."""
    if case.expected.get("no_candidates"):
        return "content_filter"  # Gemini blocked the prompt
    word = case.expected.get("incomplete_reason") or choice.finish_reason
    if choice.tool_calls and (not word or word in WHOLE.get(case.api, ())):
        return "tool_calls"
    return FINISH[case.api].get(word, word) if word else "stop"


def _why_blocked(expected: Fields) -> str:
    """Gemini's words about a prompt or an answer that it has blocked, or Anthropic's about one that was refused."""
    feedback = expected.get("prompt_feedback", {})
    if expected.get("no_candidates") and "blockReason" in feedback:
        return feedback.get("blockReasonMessage") or f"The prompt was blocked: {feedback['blockReason']}."
    if details := expected.get("stop_details"):
        return ": ".join(filter(None, (details.get("category"), details.get("explanation"))))
    is_filtered = FINISH["gemini"].get(expected.get("finish_reason") or "") == "content_filter"
    return feedback.get("blockReasonMessage") or (expected.get("finish_message", "") if is_filtered else "")


def _citations(case: Case) -> list[str] | None:
    count = case.expected.get("citations")
    return None if count is None else [""] * count


def _in_blocks(reading: Reading) -> None:
    """These two have one choice, end in the tools' turn where there are calls, and in nothing where they fail.

    They tell a usage even where there is none, to fill its place."""
    if reading.failure is None or reading.choices:
        reading.choices = {0: reading.choices.get(0, Choice())}
    for choice in reading.choices.values():
        if choice.tool_calls and choice.finish_reason == "stop":
            choice.finish_reason = "tool_calls"
        if reading.failure is not None:
            choice.finish_reason = None
    reading.tokens = reading.tokens or Tokens()


def _in_anthropics_words(reading: Reading, case: Case) -> None:
    """Anthropic has no words for a refusal but the answer's own, and no tools that take free text."""
    for choice in reading.choices.values():
        choice.text, choice.refusal = choice.text + choice.refusal, ""
    for call, said in (
        zip(reading.choices[0].tool_calls, _said(case)["tool_calls"], strict=True) if reading.choices else ()
    ):
        if "input" in said:
            call.arguments = {"input": said["input"]}
        elif call.arguments == "null":
            call.arguments = {}
        elif case.kind == "json" and isinstance(call.arguments, str) and call.arguments:
            call.arguments = {"input": call.arguments}  # a limit cut them off


def _said(case: Case) -> Fields:
    """What the SDK read, or had read when it gave up."""
    return case.expected.get("partial", case.expected)


def _count_reasoning(tokens: Tokens, usage: Fields) -> None:
    """xAI leaves the reasoning out of `completion_tokens`, and counts it in the total: all others count it in both."""
    reasoning, output = tokens.reasoning or 0, tokens.output or 0
    if reasoning and usage.get("total_tokens") == (tokens.input or 0) + output + reasoning:
        tokens.output = output + reasoning


def _of_gemini(usage: Fields) -> Tokens:
    thought = usage.get("thoughtsTokenCount") or 0
    return Tokens(
        input=(usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0),
        output=(usage.get("candidatesTokenCount") or 0) + thought,
        cached_read=usage.get("cachedContentTokenCount"),
        reasoning=thought,
    )


def _of_bedrock(usage: Fields) -> Tokens:
    read, written = usage.get("cacheReadInputTokens") or 0, usage.get("cacheWriteInputTokens") or 0
    return Tokens((usage.get("inputTokens") or 0) + read + written, usage.get("outputTokens") or 0, read, written)


def _of_cohere(usage: Fields) -> Tokens:
    tokens = usage.get("tokens") or usage.get("billed_units") or {}
    return Tokens(
        input=_whole(tokens.get("input_tokens")),
        output=_whole(tokens.get("output_tokens")),
        cached_read=_whole(usage.get("cached_tokens")),
        reasoning=_whole(tokens.get("reasoning_tokens")),
    )


def _of_ollama(usage: Fields) -> Tokens:
    return Tokens(usage.get("prompt_eval_count") or 0, usage.get("eval_count") or 0)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


TOKENS: dict[str, Callable[[Fields], Tokens]] = {
    "openai-chat": stock_chat.tokens_of,
    "anthropic-messages": stock_messages.tokens_of,
    "openai-responses": stock_responses.tokens_of,
    "gemini": _of_gemini,
    "bedrock-converse": _of_bedrock,
    "cohere-v2": _of_cohere,
    "ollama-chat": _of_ollama,
}
"""How each wire format's counts are to be read."""
