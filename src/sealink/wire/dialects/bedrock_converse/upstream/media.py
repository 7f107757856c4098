"""Images, documents and audio as Bedrock takes them: inline, or as objects in S3.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

import re
from pathlib import PurePosixPath
from typing import Any, Final

from sealink.request import Audio, File, Image
from sealink.wire.dialects.shared.media import is_text
from sealink.wire.dialects.shared.unsupported import unsupported

Block = dict[str, Any]

_IMAGE_FORMATS: Final = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENT_FORMATS: Final = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_AUDIO_FORMATS: Final = frozenset(
    ("aac", "flac", "m4a", "mkv", "mp3", "mp4", "mpeg", "ogg", "opus", "pcm", "wav", "webm")
)
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9\-()\[\]]+")
_MAX_NAME_CHARS: Final = 200


class DocumentNames:
    """Names of documents: each must be unique, of letters, digits, hyphens, single spaces and brackets."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def name(self, filename: str) -> str:
        """A unique name, as much like the file's as Bedrock allows."""
        stem = _NOT_IN_A_NAME.sub(" ", PurePosixPath(filename).stem).strip()[: _MAX_NAME_CHARS - 8] or "document"
        name, number = stem, 1
        while name in self._given:
            number += 1
            name = f"{stem} ({number})"
        self._given.add(name)
        return name


def write_image(image: Image, where: str) -> Block:
    """The format follows from the media type, or from the name of the object in S3."""
    format = _IMAGE_FORMATS.get(image.media_type) or _IMAGE_FORMATS.get(f"image/{_suffix(image.url)}")
    if image.url.lower().endswith(".jpg"):
        format = "jpeg"
    if format is None:
        raise unsupported(where, "Bedrock", f"an image of type {image.media_type or 'unknown'}")
    return {"image": {"format": format, "source": _source(image, where)}}


def write_file(file: File, names: DocumentNames, where: str) -> Block:
    if file.media_type.startswith("image/"):
        return write_image(Image(url=file.url, media_type=file.media_type, data=file.data), where)
    format = _DOCUMENT_FORMATS.get(file.media_type) or _suffix(file.url or file.filename)
    if format not in _DOCUMENT_FORMATS.values() and is_text(file.media_type):
        format = "txt"
    if format not in _DOCUMENT_FORMATS.values():
        raise unsupported(where, "Bedrock", f"a file of type {file.media_type or 'unknown'}")
    name = names.name(file.filename or file.url)
    return {"document": {"format": format, "name": name, "source": _source(file, where)}}


def write_audio(audio: Audio, where: str) -> Block:
    if audio.format not in _AUDIO_FORMATS:
        raise unsupported(where, "Bedrock", f"audio of type {audio.format!r}")
    return {"audio": {"format": audio.format, "source": {"bytes": audio.data}}}


def _source(part: Image | File, where: str) -> Block:
    if part.data:
        return {"bytes": part.data}
    if part.url.startswith("s3://"):
        return {"s3Location": {"uri": part.url}}
    raise unsupported(where, "Bedrock", "a URL outside S3: send the file inline in base64, or as s3://…")


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower().removeprefix(".")
