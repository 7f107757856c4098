"""The conversation as it is written to Anthropic."""

import base64
from typing import Any

import pytest

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from wire.anthropic_request import HI, body, write
from wire.upstream_asking import EPHEMERAL, asking, user

MARK = {"cache_control": {"type": "ephemeral"}}


def turns(*messages: Message) -> Any:
    return body(asking(*messages))["messages"]


def content(*parts: Part) -> Any:
    (turn,) = turns(user(*parts))
    return turn["content"]


def test_system_messages_are_hoisted_with_their_cache_marks() -> None:
    written = body(
        asking(
            Message("system", [Text(text="Be brief."), Text(text="Long rules.", cache_control=EPHEMERAL)]),
            user(Text(text="Hi")),
            Message("system", [Text(text="Now in French.")]),
            user(Text(text="Go on")),
        )
    )
    assert written["system"] == [
        {"type": "text", "text": "Be brief."},
        {"type": "text", "text": "Long rules.", **MARK},
        {"type": "text", "text": "Now in French."},
    ]
    assert written["messages"] == [{"role": "user", "content": [HI, {"type": "text", "text": "Go on"}]}]


def test_a_tool_loop() -> None:
    assert turns(
        user(Text(text="Hi")),
        Message(
            "assistant",
            [
                Reasoning(text="Hm.", signature="c2ln"),
                RedactedReasoning(data="b3BhcXVl"),
                Text(text="Let me look."),
                ToolCall(id="toolu_1", name="get_weather", arguments='{"city": "Paris"}'),
                ToolCall(id="functions_time_1", name="get_time", arguments=""),
            ],
        ),
        Message("tool", [ToolResult(call_id="toolu_1", content=[Text(text="Rain")], cache_control=EPHEMERAL)]),
        user(Text(text="And now?")),
        Message("tool", [ToolResult(call_id="functions_time_1", is_error=True)]),
    ) == [
        {"role": "user", "content": [HI]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "b3BhcXVl"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "functions_time_1", "name": "get_time", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "Rain"}],
                    **MARK,
                },
                {"type": "tool_result", "tool_use_id": "functions_time_1", "is_error": True},
                {"type": "text", "text": "And now?"},
            ],
        },
    ]


def test_unsigned_thinking_stays_behind() -> None:
    assert turns(user(Text(text="Hi")), Message("assistant", [Reasoning(text="Hm."), Text(text="Yes")]))[1] == {
        "role": "assistant",
        "content": [{"type": "text", "text": "Yes"}],
    }


def test_a_refusal_is_what_the_assistant_said() -> None:
    assert turns(user(Text(text="Hi")), Message("assistant", [Refusal(text="No.")]))[1]["content"] == [
        {"type": "text", "text": "No."}
    ]


def test_consecutive_messages_of_one_side_are_one_turn() -> None:
    written = turns(
        user(Text(text="Hi")),
        Message("assistant", [Text(text="")]),
        user(Text(text=" \n")),
        user(Text(text="Hi", cache_control=EPHEMERAL)),
        Message("assistant", [Text(text="A")]),
        Message("assistant", [Text(text="B  \n")]),
    )
    assert written == [
        {"role": "user", "content": [HI, {**HI, **MARK}]},
        {"role": "assistant", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
    ]


def test_images() -> None:
    assert content(
        Image(url="https://example.com/a.png", cache_control=EPHEMERAL), Image(media_type="image/png", data="aGk=")
    ) == [
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}, **MARK},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
    ]


def test_files() -> None:
    text = base64.b64encode("naïve".encode()).decode()
    assert content(
        File(filename="a.pdf", media_type="application/pdf", data="JVBERi0="),
        File(url="https://example.com/b.pdf"),
        File(filename="c.txt", media_type="text/csv", data=text),
        File(media_type="image/png", data="aGk="),
    ) == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "url", "url": "https://example.com/b.pdf"}},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "naïve"},
            "title": "c.txt",
        },
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
    ]


def test_a_file_by_id_needs_a_beta() -> None:
    written, outgoing = write(asking(user(File(file_id="file_1"))))
    assert written["messages"][0]["content"] == [{"type": "document", "source": {"type": "file", "file_id": "file_1"}}]
    assert ("anthropic-beta", "files-api-2025-04-14") in outgoing.headers


def test_images_and_documents_in_a_tool_result() -> None:
    result = ToolResult(
        call_id="t",
        content=[Text(text="See"), Image(media_type="image/png", data="aGk="), File(url="https://example.com/b.pdf")],
    )
    (turn,) = turns(Message("tool", [result]))
    assert [block["type"] for block in turn["content"][0]["content"]] == ["text", "image", "document"]


@pytest.mark.parametrize("arguments", ["", " ", "null", "{}"])
def test_a_call_without_arguments(arguments: str) -> None:
    """Models of Cohere's and of Groq's say null, and it comes back."""
    (turn,) = turns(Message("assistant", [ToolCall(id="t", name="f", arguments=arguments)]))
    assert turn["content"][0]["input"] == {}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message("assistant", [ToolCall(id="t", name="f", arguments='{"a": 1')], "messages[3]"), "not a JSON object"),
        (Message("assistant", [ToolCall(id="t", name="f", arguments="[1]")], "messages[3]"), "not a JSON object"),
        (Message("user", [Audio(format="wav", data="aGk=")], "messages[3]"), "audio"),
        (Message("user", [File(media_type="application/zip", data="aGk=")], "messages[3]"), "application/zip"),
        (Message("user", [File(media_type="text/plain", data="!")], "messages[3]"), "base64"),
        (Message("user", [File(media_type="text/plain", data="/w==")], "messages[3]"), "UTF-8"),
        (Message("system", [Image(url="https://example.com")], "messages[3]"), "only text"),
    ],
)
def test_a_message_that_cannot_be_sent_is_named(message: Message, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        body(asking(message))
    assert caught.value.param == "messages[3]"
