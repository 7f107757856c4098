"""The parts of a message's content → SeaLink's own.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.request import File, Part
from sealink.wire.dialects.shared import data_url, media
from sealink.wire.dialects.shared.openai_request import (
    PartReader,
    image_at,
    inline_file,
    read_audio,
    read_refusal,
    read_text,
)
from sealink.wire.raw_json.fields import object_of, text_of
from sealink.wire.raw_json.request_fields import missing, read_value


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


def _image(raw: Raw, where: str) -> Part:
    source = read_value(raw, where, _ImagePart).image_url
    return image_at(source.url, source.detail, f"{where}.image_url.url")


def _file(raw: Raw, where: str) -> Part:
    source = read_value(raw, where, _FilePart).file
    name, data = source.filename or "", source.file_data
    if data is None:
        if source.file_id is None:
            raise missing(f"{where}.file.file_data")
        return File(filename=name, file_id=source.file_id)
    if data.startswith(("http://", "https://")):
        return media.linked_file(data, filename=name)
    return inline_file(name, data, f"{where}.file.file_data")


READERS: Final[dict[str, PartReader]] = {
    "text": read_text,
    "refusal": read_refusal,
    "image_url": _image,
    "input_audio": read_audio,
    "file": _file,
}
"""The parts of Chat Completions, by their type."""


def read_picture(raw: Raw) -> tuple[str, str] | None:
    """The media type and base64 of an `image_url` part, if it has its picture inline."""
    source = object_of((object_of(raw) or {}).get("image_url")) or {}
    return data_url.parse(text_of(source.get("url")) or "")
