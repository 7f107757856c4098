"""Every server's way to say that a prompt is too long, and what only sounds like it."""

import json
from pathlib import Path
from typing import Final

import pytest

from sealink.errors import SealinkError
from sealink.wire.dialects.anthropic_messages.client.errors import error_body as anthropic_body
from sealink.wire.dialects.anthropic_messages.upstream import errors as anthropic
from sealink.wire.dialects.bedrock_converse.upstream import errors as bedrock
from sealink.wire.dialects.cohere_chat.upstream import errors as cohere
from sealink.wire.dialects.gemini_generate.upstream import errors as gemini
from sealink.wire.dialects.ollama_chat.upstream import errors as ollama
from sealink.wire.dialects.openai_chat.client.errors import error_frame as chat_frame
from sealink.wire.dialects.openai_chat.upstream import errors as openai_chat
from sealink.wire.dialects.openai_responses.client.errors import error_body as responses_body
from sealink.wire.dialects.openai_responses.client.errors import error_frame as responses_frame
from sealink.wire.dialects.openai_responses.upstream.errors import read_failure
from sealink.wire.dialects.openai_responses.views import Failure
from sealink.wire.dialects.shared.prompt_too_long import is_prompt_too_long
from sealink.wire.raw_json.fields import parse_object

SAMPLES: Final = json.loads((Path(__file__).parent / "samples" / "prompt_too_long.json").read_text())
"""Wordings by server, as public bug reports quote them."""

TOO_LONG: Final = SAMPLES["too_long"]
NOT_TOO_LONG: Final = SAMPLES["not_too_long"]


@pytest.mark.parametrize("name", TOO_LONG)
def test_each_servers_words_are_recognised(name: str) -> None:
    assert all(is_prompt_too_long(status, TOO_LONG[name]) for status in (400, 413, 422, None))


@pytest.mark.parametrize("name", NOT_TOO_LONG)
def test_what_only_sounds_like_it_is_not_taken_for_it(name: str) -> None:
    assert not any(is_prompt_too_long(status, NOT_TOO_LONG[name]) for status in (400, 413, 422, None))


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500, 502, 503])
def test_a_status_that_says_something_else_stands(status: int) -> None:
    assert not any(is_prompt_too_long(status, words) for words in TOO_LONG.values())


def test_a_code_or_a_type_alone_says_it_too() -> None:
    for word in ("context_length_exceeded", "exceed_context_size_error", "model_context_window_exceeded"):
        assert is_prompt_too_long(400, "Bad request.", word)


def _told(error: SealinkError) -> None:
    """What a client of each API reads by which it knows to shorten the conversation."""
    assert 400 <= error.status <= 422
    assert "prompt is too long" in json.loads(anthropic_body(error))["error"]["message"]
    assert json.loads(responses_body(error))["error"]["code"] == "context_length_exceeded"
    assert b'"code":"context_length_exceeded"' in responses_frame(error)
    assert b'"code":"context_length_exceeded"' in chat_frame(error)


WORDS: Final = TOO_LONG["minimax"]


@pytest.mark.parametrize(
    "error",
    [
        openai_chat.read_error(400, (), json.dumps({"error": {"message": WORDS, "code": "1261"}}).encode()),
        openai_chat.read_error(400, (), json.dumps({"object": "error", "message": WORDS, "code": 400}).encode()),
        openai_chat.read_error(422, (), json.dumps({"code": "Invalid argument", "error": WORDS}).encode()),
        openai_chat.read_error(
            400,
            (),
            json.dumps({"error": {"message": "Provider returned error", "metadata": {"raw": WORDS}}}).encode(),
        ),
        openai_chat.read_error_event(parse_object(json.dumps({"error": {"message": WORDS}}).encode())),
        openai_chat.read_error_event(parse_object(b'{"status_code":2013,"status_msg":"%s"}' % WORDS.encode())),
        read_failure(Failure(message=WORDS, code="invalid_prompt")),
        read_failure(Failure(message=WORDS)),
        anthropic.read_error(400, (), json.dumps({"type": "error", "error": {"message": WORDS}}).encode()),
        anthropic.read_error_event(json.dumps({"type": "error", "error": {"message": WORDS}}).encode()),
        bedrock.read_error(400, (), json.dumps({"message": WORDS}).encode()),
        bedrock.read_exception("validationException", json.dumps({"message": WORDS}).encode()),
        gemini.read_error(400, (), json.dumps({"error": {"message": WORDS, "status": "INVALID_ARGUMENT"}}).encode()),
        gemini.read_error_in_answer(json.dumps({"error": {"message": WORDS}}).encode()),
        cohere.read_error(400, (), json.dumps({"message": WORDS}).encode()),
        ollama.read_error(400, (), json.dumps({"error": WORDS}).encode()),
        ollama.read_error(None, (), json.dumps({"error": WORDS}).encode()),
    ],
)
def test_every_dialect_tells_every_client(error: SealinkError) -> None:
    _told(error)


def test_anthropics_own_words_for_prompt_and_output_together_stay_as_they_are() -> None:
    """Claude Code matches them from the start of the message and asks for fewer tokens."""
    body = json.dumps({"type": "error", "error": {"message": TOO_LONG["anthropic-output"]}}).encode()
    assert anthropic_body(anthropic.read_error(400, (), body)) == body
