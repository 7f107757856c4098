"""What an inline or linked medium is: the part that its bytes and its type make it, whichever field it came in.

Programs write `image/jpg`, no type or a generic one, a type that the bytes contradict, or put a PDF where an image
belongs (github.com/NousResearch/hermes-agent/issues/55432). Upstreams refuse all of these, so the bytes decide.
"""

import base64
import binascii
import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from sealink.request import Audio, File, Image

Media = Image | Audio | File

_SNIFFED_CHARS: Final = 64
"""How much of the base64 is looked at: 48 bytes."""

_ALIASES: Final = {
    **dict.fromkeys(("image/jpg", "image/pjpeg", "image/jfif", "image/x-jpeg", "image/x-jpg"), "image/jpeg"),
    **dict.fromkeys(("image/x-png", "image/apng"), "image/png"),
    "image/x-webp": "image/webp",
    "image/x-gif": "image/gif",
    **dict.fromkeys(("application/x-pdf", "application/acrobat", "text/pdf", "text/x-pdf"), "application/pdf"),
    **dict.fromkeys(("audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg", "audio/mpga"), "audio/mpeg"),
    **dict.fromkeys(("audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wav"), "audio/wav"),
    **dict.fromkeys(("text/x-markdown", "application/markdown"), "text/markdown"),
}
_GENERIC: Final = re.compile(r"|\*/\*|[a-z]+/\*|[a-z]+|(?:application|binary)/(?:octet-stream|binary|x-binary|unknown)")
"""Types that say nothing, or only the kind."""

_CERTAIN: Final = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"....ftyp(?:hei[cx]|hev[cx]|mif1)", "image/heic"),
    (rb"....ftypavif", "image/avif"),
    (rb"\s*%PDF-", "application/pdf"),
    (rb"RIFF....WAVE", "audio/wav"),
    (rb"fLaC", "audio/flac"),
)
"""First bytes that outweigh any declared type."""

_LIKELY: Final = (
    (rb"ID3|\xff[\xfb\xf3\xf2\xfa]", "audio/mpeg"),
    (rb"OggS", "audio/ogg"),
    (rb"....ftypM4A", "audio/m4a"),
    (rb"....ftyp", "video/mp4"),
    (rb"BM", "image/bmp"),
    (rb"II\*\x00|MM\x00\*", "image/tiff"),
)
"""First bytes that say what it is if no type does."""

_EXTENSIONS: Final = {
    **{"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "jfif": "image/jpeg", "gif": "image/gif"},
    **{"webp": "image/webp", "pdf": "application/pdf", "csv": "text/csv", "html": "text/html", "md": "text/markdown"},
    **{"txt": "text/plain", "json": "application/json", "xml": "application/xml", "wav": "audio/wav"},
    **{"mp3": "audio/mpeg", "flac": "audio/flac", "mp4": "video/mp4"},
}
_FORMATS: Final = {"audio/mpeg": "mp3"}
_TEXT: Final = re.compile(r"text/.+|application/(?:.+\+)?(?:json|xml|yaml|x-yaml|toml|javascript|x-sh|sql|x-ndjson)")


def inline(declared: str, data: str, *, filename: str = "", detail: str = "", fallback: str = "") -> Media:
    """The part for base64 `data`. `fallback` is the type of what neither its type, its bytes nor its name tell."""
    media_type = _media_type(declared, data, filename) or fallback
    if media_type.startswith("image/"):
        return Image(media_type=media_type, data=data, detail=detail)
    if media_type.startswith("audio/"):
        return Audio(format=_FORMATS.get(media_type) or media_type.removeprefix("audio/").removeprefix("x-"), data=data)
    return File(filename=filename, media_type=media_type, data=data)


def linked_image(url: str, detail: str = "") -> Media:
    """What is at an address in a field for images: a document, if its name says so."""
    media_type = _type_of_name(url)
    return File(media_type=media_type, url=url) if media_type == "application/pdf" else Image(url=url, detail=detail)


def linked_file(url: str, *, filename: str = "", fallback: str = "") -> Media:
    """What is at an address in a field for documents: an image, if its name says so."""
    if _type_of_name(url).startswith("image/"):
        return Image(url=url)
    return File(filename=filename, media_type=fallback, url=url)


def audio(format: str, data: str) -> Media:
    """Sound whose format is a word (`wav`), or a media type."""
    return inline(format if "/" in format else f"audio/{format.lower()}", data)


def looks_inline(text: str) -> bool:
    """Whether a text that should be an address is the base64 of a medium."""
    return "://" not in text[:16] and _sniffed(text, _CERTAIN) is not None


def is_text(media_type: str) -> bool:
    """Whether a document of this type can be read as it is."""
    return _TEXT.fullmatch(media_type) is not None


def _media_type(declared: str, data: str, filename: str) -> str:
    certain = _sniffed(data, _CERTAIN)
    if certain is not None:
        return certain
    name = declared.partition(";")[0].strip().lower()
    if _GENERIC.fullmatch(name) is None:
        return _ALIASES.get(name, name)
    return _sniffed(data, _LIKELY) or _type_of_name(filename)


def _type_of_name(name: str) -> str:
    path = urlsplit(name).path if "://" in name else name
    return _EXTENSIONS.get(PurePosixPath(path).suffix.lower().removeprefix("."), "")


def _sniffed(data: str, signatures: tuple[tuple[bytes, str], ...]) -> str | None:
    try:
        start = base64.b64decode(data[:_SNIFFED_CHARS] + "=" * (-len(data[:_SNIFFED_CHARS]) % 4))
    except (binascii.Error, ValueError):
        return None
    return next((type for pattern, type in signatures if re.match(pattern, start, re.DOTALL)), None)
