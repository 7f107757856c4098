"""Data URLs, in which OpenAI's APIs have images and files inline. https://www.rfc-editor.org/rfc/rfc2397"""

import re

_DATA_URL = re.compile(r"data:(?P<media_type>[^;,]*)(?:;[^;,]+=[^;,]*)*;base64,(?P<data>.*)", re.S | re.I)


def is_data_url(url: str) -> bool:
    return url[:5].lower() == "data:"


def read(url: str) -> tuple[str, str] | None:
    """A data URL's media type and base64; None if it is not in base64."""
    said = _DATA_URL.fullmatch(url)
    return (said["media_type"], said["data"]) if said is not None else None


def written(media_type: str, data: str) -> str:
    return f"data:{media_type};base64,{data}"
