"""Citations, as this API's annotations. https://platform.openai.com/docs/api-reference/responses/object#responses-object-output"""

from typing import Any

from msgspec import Raw

from sealink.events import Citation
from sealink.wire.dialects.openai_responses.signatures import NAME
from sealink.wire.raw_json.fields import object_of


def annotation(citation: Citation, part_starts_at: int, said: int) -> dict[str, Any]:
    """A citation of the `said` characters of a part, unless it says itself of which; places count within the part.

    One that names an address is a `url_citation`, any other (pages of a document, say) a `file_citation`, with what was
    said of it beside: the stock SDKs know no third kind that would fit, and stumble over one that they do not know.
    """
    if citation.dialect == NAME:
        return dict(object_of(Raw(citation.raw)) or {})
    if not citation.url:
        place = {"type": "file_citation", "file_id": "", "filename": citation.title, "index": said}
        return {**place, "citation": Raw(citation.raw)} if citation.raw else place
    start = 0 if citation.start is None else max(0, citation.start - part_starts_at)
    end = said if citation.end is None else max(0, citation.end - part_starts_at)
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": start,
        "end_index": end,
    }
