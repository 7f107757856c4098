"""Citations, as OpenAI's annotations. https://platform.openai.com/docs/api-reference/chat/object"""

from typing import Any

from msgspec import Raw

from sealink.events import Citation
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.raw_json.fields import array_of, integer_of, object_of, text_of, to_raw


def annotation(citation: Citation, start: int, end: int) -> dict[str, Any]:
    """A citation of the text from `start` to `end` (in characters), unless the citation has a range of its own.

    One with a URL becomes OpenAI's `url_citation`. OpenAI has no type for others (pages of a document, say): they are
    passed on as they are.
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
    """The citation of an annotation."""
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


def read_sources(results: Raw, citations: Raw) -> list[Raw]:
    """Annotations for the sources of a whole answer: Perplexity's `search_results`, or bare URLs."""
    found = []
    for source in array_of(results) or array_of(citations) or ():
        fields = object_of(source) or {}
        url = text_of(source) or text_of(fields.get("url"))
        if url:
            place = {"url": url, "title": text_of(fields.get("title")) or ""}
            found.append(to_raw({"type": "url_citation", "url_citation": place}))
    return found
