"""Data URLs, in which OpenAI's APIs take images and files inline. https://www.rfc-editor.org/rfc/rfc2397"""

import re

_DATA_URL = re.compile(r"data:(?P<media_type>[^;,]*)(?:;[^;,]+=[^;,]*)*;base64,(?P<data>.*)", re.S | re.I)


def is_data_url(url: str) -> bool:
    return url[:5].lower() == "data:"


def parse(url: str) -> tuple[str, str] | None:
    """A data URL's media type and base64; None if it is not in base64."""
    match = _DATA_URL.fullmatch(url)
    return (match["media_type"], match["data"]) if match is not None else None


def build(media_type: str, data: str) -> str:
    """The data URL of base64."""
    return f"data:{media_type};base64,{data}"
