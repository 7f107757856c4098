"""What an image, a document or sound is: its bytes and its type decide, not the field that it came in."""

import base64
import json
from typing import Any, Final

import pytest

from sealink.request import Audio, File, Image, Part
from sealink.wire.dialect import ClientDialect
from sealink.wire.dialects.anthropic_messages import CLIENT as MESSAGES
from sealink.wire.dialects.anthropic_messages import UPSTREAM
from sealink.wire.dialects.openai_chat import CLIENT as CHAT
from sealink.wire.dialects.openai_responses import CLIENT as RESPONSES


def b64(start: bytes) -> str:
    return base64.b64encode(start + b"\0" * 48).decode()


PNG, JPEG, PDF = b64(b"\x89PNG\r\n\x1a\n"), b64(b"\xff\xd8\xff\xe0"), b64(b"%PDF-1.7\n")
WEBP, WAV, MP3 = b64(b"RIFF\0\0\0\0WEBP"), b64(b"RIFF\0\0\0\0WAVE"), b64(b"ID3\x04")
UNKNOWN: Final = b64(b"\1\2\3\4")


def part(dialect: ClientDialect, content: dict[str, Any]) -> Part:
    message = {"role": "user", "content": [content]}
    fields: dict[str, Any] = {"model": "m", "max_tokens": 9}
    fields |= {"input": [message]} if dialect is RESPONSES else {"messages": [message]}
    if dialect is CHAT:
        del fields["max_tokens"]
    return dialect.parse_request(dialect.parse_head(json.dumps(fields).encode(), {})).messages[0].parts[0]


def image_parts(declared: str, data: str) -> list[Part]:
    """An inline image as each dialect says it."""
    url = f"data:{declared};base64,{data}"
    source = {"type": "base64", "media_type": declared, "data": data}
    return [
        part(CHAT, {"type": "image_url", "image_url": {"url": url}}),
        part(RESPONSES, {"type": "input_image", "image_url": url}),
        part(MESSAGES, {"type": "image", "source": source}),
    ]


def file_parts(declared: str, data: str) -> list[Part]:
    """An inline file as each dialect says it."""
    url = f"data:{declared};base64,{data}"
    source = {"type": "base64", "media_type": declared, "data": data}
    return [
        part(CHAT, {"type": "file", "file": {"file_data": url}}),
        part(RESPONSES, {"type": "input_file", "file_data": url}),
        part(MESSAGES, {"type": "document", "source": source}),
    ]


@pytest.mark.parametrize("declared", ["image/jpg", "image/pjpeg", "image/jfif", "IMAGE/JPG", "image/jpeg"])
@pytest.mark.parametrize("data", [JPEG, UNKNOWN])
def test_every_name_of_jpeg_is_jpeg(declared: str, data: str) -> None:
    assert all(each == Image(media_type="image/jpeg", data=data) for each in image_parts(declared, data))


@pytest.mark.parametrize("declared", ["", "application/octet-stream", "image/*", "*/*", "image", "image/png"])
@pytest.mark.parametrize(("data", "media_type"), [(JPEG, "image/jpeg"), (WEBP, "image/webp"), (PNG, "image/png")])
def test_the_first_bytes_decide(declared: str, data: str, media_type: str) -> None:
    for each in image_parts(declared, data) + file_parts(declared, data):
        assert each == Image(media_type=media_type, data=data)


def test_a_type_that_the_bytes_do_not_contradict_stays() -> None:
    assert all(each == Image(media_type="image/bmp", data=UNKNOWN) for each in image_parts("image/bmp", UNKNOWN))


@pytest.mark.parametrize("declared", ["image/png", "application/pdf", "", "application/octet-stream"])
def test_a_document_in_a_field_for_images_is_a_document(declared: str) -> None:
    for each in image_parts(declared, PDF) + file_parts(declared, PDF):
        assert isinstance(each, File)
        assert (each.media_type, each.data) == ("application/pdf", PDF)


@pytest.mark.parametrize(
    ("declared", "data", "format"), [("audio/x-wav", WAV, "wav"), ("", WAV, "wav"), ("", MP3, "mp3")]
)
def test_sound_in_a_field_for_files_is_sound(declared: str, data: str, format: str) -> None:
    assert all(each == Audio(format=format, data=data) for each in file_parts(declared, data))


@pytest.mark.parametrize("format", ["wav", "audio/wav", "x-wav", "mp3"])
def test_the_format_of_sound_follows_its_bytes(format: str) -> None:
    assert part(CHAT, {"type": "input_audio", "input_audio": {"format": format, "data": WAV}}) == Audio(
        format="wav", data=WAV
    )


def test_sound_as_a_data_url_is_taken_out_of_it() -> None:
    data = f"data:audio/mpeg;base64,{MP3}"
    assert part(CHAT, {"type": "input_audio", "input_audio": {"format": "mp3", "data": data}}) == Audio(
        format="mp3", data=MP3
    )


def test_a_picture_without_the_head_of_a_data_url_is_inline() -> None:
    assert part(CHAT, {"type": "image_url", "image_url": {"url": PNG}}) == Image(media_type="image/png", data=PNG)


def test_a_files_name_tells_what_its_bytes_do_not() -> None:
    file = {"file_data": f"data:application/octet-stream;base64,{UNKNOWN}", "filename": "a.CSV"}
    assert part(CHAT, {"type": "file", "file": file}) == File(filename="a.CSV", media_type="text/csv", data=UNKNOWN)
    bare = part(RESPONSES, {"type": "input_file", "filename": "a.bin", "file_data": UNKNOWN})
    assert bare == File(filename="a.bin", media_type="application/pdf", data=UNKNOWN)


def test_an_address_is_what_its_name_says() -> None:
    pdf, png = "https://example.com/a.pdf?x=1", "https://example.com/a.png"
    assert part(MESSAGES, {"type": "image", "source": {"type": "url", "url": pdf}}) == File(
        media_type="application/pdf", url=pdf
    )
    assert part(CHAT, {"type": "image_url", "image_url": {"url": png}}) == Image(url=png)
    assert part(RESPONSES, {"type": "input_file", "file_url": png}) == Image(url=png)


def test_a_passed_on_request_says_the_types_that_anthropic_knows() -> None:
    def image(declared: str) -> dict[str, Any]:
        return {"type": "image", "source": {"type": "base64", "media_type": declared, "data": JPEG}}

    def sent(*blocks: dict[str, Any]) -> Any:
        messages = [{"role": "user", "content": [{"type": "tool_result", "content": list(blocks)}, *blocks]}]
        body = json.dumps({"model": "m", "max_tokens": 9, "messages": messages}).encode()
        return body, UPSTREAM.forward_request(MESSAGES.parse_head(body, {}), "m").body

    body, forwarded = sent(image("image/jpg"), {"type": "text", "text": "image/jpg"})
    assert forwarded.count(b'"media_type":"image/jpeg"') == 2
    assert json.loads(forwarded) == json.loads(
        body.replace(b'"media_type": "image/jpg"', b'"media_type": "image/jpeg"')
    )
    body, forwarded = sent(image("image/jpeg"))
    assert forwarded == body
