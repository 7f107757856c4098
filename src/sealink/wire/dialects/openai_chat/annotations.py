"""Citations, as OpenAI's annotations. https://platform.openai.com/docs/api-reference/chat/object"""

from typing import Any

from msgspec import Raw

from sealink.events import Citation
from sealink.wire.dialects.openai_chat.errors import NAME
from sealink.wire.raw_json import integer_of, object_of, text_of


def annotation(citation: Citation, start: int, end: int) -> dict[str, Any]:
    """A citation of the text from `start` to `end` (in characters), unless it says itself of which.

    One that names an address is OpenAI's `url_citation`. For all others (pages of a document, say) OpenAI has no
    word: they are carried as they are.
    """
    if citation.dialect == NAME:
        return dict(object_of(Raw(citation.raw)) or {})
    if not citation.url:
        return {"type": "citation", "citation": Raw(citation.raw)}
    start = start if citation.start is None else citation.start
    end = end if citation.end is None else citation.end
    place = {"url": citation.url, "title": citation.title, "start_index": start, "end_index": end}
    return {"type": "url_citation", "url_citation": place}


def read_annotation(raw: Raw, block: int, choice: int) -> Citation:
    """The citation that an annotation is."""
    place = object_of((object_of(raw) or {}).get("url_citation")) or {}
    return Citation(
        block,
        url=text_of(place.get("url")) or "",
        title=text_of(place.get("title")) or "",
        start=integer_of(place.get("start_index")),
        end=integer_of(place.get("end_index")),
        raw=bytes(raw),
        dialect=NAME,
        choice=choice,
    )
