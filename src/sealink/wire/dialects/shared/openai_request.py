"""What requests of OpenAI's APIs have in common: sampling parameters, parts of a message's content, the list of models.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
https://platform.openai.com/docs/api-reference/models/list
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import Part, Refusal, Sampling, Text
from sealink.wire.dialects.shared import data_url, media
from sealink.wire.model_list import ModelList, names_in
from sealink.wire.raw_json.fields import NULL, is_null, starts_with
from sealink.wire.raw_json.request_fields import RequestFields, read_value, untranslatable

PartReader = Callable[[Raw, str], Part]
"""Reads a part of a message's content; the second argument is its place, `messages[2].content[0]` say."""


def read_sampling(read: RequestFields, max_tokens: int | None) -> Sampling:
    """The parameters that have one name in both of OpenAI's APIs, or at vendors behind them."""
    stop = read("stop", str | list[str])
    return Sampling(
        max_tokens=max_tokens,
        temperature=read("temperature", float),
        top_p=read("top_p", float),
        top_k=read("top_k", int),
        stop=[stop] if isinstance(stop, str) else stop,
        seed=read("seed", int),
        frequency_penalty=read("frequency_penalty", float),
        presence_penalty=read("presence_penalty", float),
        logit_bias=read("logit_bias", Raw),
    )


def read_content(raw: Raw, where: str, readers: Mapping[str, PartReader]) -> list[Part]:
    """A text, or parts, each read by its `type`. Raises InvalidRequest, naming the place."""
    if not starts_with(raw, b"["):
        return [Text(text=read_value(raw, where, str))]
    parts = read_value(raw, where, list[Raw])
    return [_read_part(part, f"{where}[{number}]", readers) for number, part in enumerate(parts)]


def read_text(raw: Raw, where: str) -> Part:
    return Text(text=read_value(raw, where, _TextPart).text)


def read_refusal(raw: Raw, where: str) -> Part:
    return Refusal(text=read_value(raw, where, _RefusalPart).refusal)


def read_audio(raw: Raw, where: str) -> Part:
    audio = read_value(raw, where, _AudioPart).input_audio
    url = data_url.parse(audio.data) if data_url.is_data_url(audio.data) else None
    return media.inline(*url) if url is not None else media.audio(audio.format, audio.data)


def image_at(url: str, detail: str | None, where: str) -> Part:
    """An image by its address, or inline as a data URL; some programs send its bare base64."""
    if media.looks_inline(url):
        return media.inline("", url, detail=detail or "")
    if not data_url.is_data_url(url):
        return media.linked_image(url, detail or "")
    media_type, data = _inline(url, where)
    return media.inline(media_type, data, detail=detail or "")


def inline_file(name: str, data: str, where: str) -> Part:
    """A file inline: as a data URL, or as bare base64, which OpenAI takes for PDF."""
    if not data_url.is_data_url(data):
        return media.inline("", data, filename=name, fallback="application/pdf")
    media_type, data = _inline(data, where)
    return media.inline(media_type, data, filename=name)


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


def _read_part(raw: Raw, where: str, readers: Mapping[str, PartReader]) -> Part:
    head = read_value(raw, where, _Head)
    read = readers.get(head.type)
    if read is None:
        raise untranslatable(f"a part of type {head.type!r}", f"{where}.type")
    part = read(raw, where)
    part.cache_control = None if is_null(head.cache_control) else head.cache_control
    return part


def _inline(url: str, where: str) -> tuple[str, str]:
    """A data URL's media type and base64."""
    inline = data_url.parse(url)
    if inline is None:
        raise InvalidRequest(f"`{where}` must be `data:<media type>;base64,<data>`.", code="invalid_value", param=where)
    return inline


def _model_names(body: bytes) -> list[str]:
    return names_in(body, "data", "id")


MODEL_LIST: Final = ModelList("/models", _model_names)
