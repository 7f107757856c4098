"""The parts of a message's content → SeaLink's own; what OpenAI's two APIs have alike is read here for both.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import Audio, File, Image, Part, Refusal, Text
from sealink.wire.dialects.shared import data_url
from sealink.wire.raw_json.fields import NULL, is_null, object_of, starts_with, text_of
from sealink.wire.raw_json.request_fields import missing, read_value, untranslatable

PartReader = Callable[[Raw, str], Part]
"""Reads a part that stands at a place."""


class _Head(msgspec.Struct):
    type: str
    cache_control: Raw = NULL


class _TextPart(msgspec.Struct):
    text: str


class _RefusalPart(msgspec.Struct):
    refusal: str


class _InputAudio(msgspec.Struct):
    data: str
    format: str


class _AudioPart(msgspec.Struct):
    input_audio: _InputAudio


class _ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


class _ImagePart(msgspec.Struct):
    image_url: _ImageUrl


class _FileSource(msgspec.Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _FilePart(msgspec.Struct):
    file: _FileSource


def read_content(raw: Raw, where: str, readers: Mapping[str, PartReader]) -> list[Part]:
    """A text, or parts, each read as its `type` says. Raises InvalidRequest, naming the place."""
    if not starts_with(raw, b"["):
        return [Text(text=read_value(raw, where, str))]
    parts = read_value(raw, where, list[Raw])
    return [_read_part(part, f"{where}[{number}]", readers) for number, part in enumerate(parts)]


def _read_part(raw: Raw, where: str, readers: Mapping[str, PartReader]) -> Part:
    head = read_value(raw, where, _Head)
    read = readers.get(head.type)
    if read is None:
        raise untranslatable(f"a part of type {head.type!r}", f"{where}.type")
    part = read(raw, where)
    part.cache_control = None if is_null(head.cache_control) else head.cache_control
    return part


def text(raw: Raw, where: str) -> Part:
    return Text(text=read_value(raw, where, _TextPart).text)


def refusal(raw: Raw, where: str) -> Part:
    return Refusal(text=read_value(raw, where, _RefusalPart).refusal)


def audio(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _AudioPart).input_audio
    return Audio(format=said.format, data=said.data)


def image_at(url: str, detail: str | None, where: str) -> Part:
    """An image by its address, or inline."""
    if not data_url.is_data_url(url):
        return Image(url=url, detail=detail or "")
    media_type, data = _inline(url, where)
    return Image(media_type=media_type, data=data, detail=detail or "")


def inline_file(name: str, data: str, where: str) -> Part:
    if not data_url.is_data_url(data):  # bare base64: OpenAI takes it for PDF
        return File(filename=name, media_type="application/pdf", data=data)
    media_type, data = _inline(data, where)
    return File(filename=name, media_type=media_type, data=data)


def _image(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _ImagePart).image_url
    return image_at(said.url, said.detail, f"{where}.image_url.url")


def _file(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _FilePart).file
    name, data = said.filename or "", said.file_data
    if data is None:
        if said.file_id is None:
            raise missing(f"{where}.file.file_data")
        return File(filename=name, file_id=said.file_id)
    if data.startswith(("http://", "https://")):
        return File(filename=name, url=data)
    return inline_file(name, data, f"{where}.file.file_data")


READERS: Final[dict[str, PartReader]] = {
    "text": text,
    "refusal": refusal,
    "image_url": _image,
    "input_audio": audio,
    "file": _file,
}
"""The parts of Chat Completions, by their type."""


def read_picture(raw: Raw) -> tuple[str, str] | None:
    """The media type and base64 of an `image_url` part, if it has its picture inline."""
    source = object_of((object_of(raw) or {}).get("image_url")) or {}
    return data_url.parse(text_of(source.get("url")) or "")


def _inline(url: str, where: str) -> tuple[str, str]:
    """A data URL's media type and base64."""
    inline = data_url.parse(url)
    if inline is None:
        raise InvalidRequest(f"`{where}` must be `data:<media type>;base64,<data>`.", code="invalid_value", param=where)
    return inline
