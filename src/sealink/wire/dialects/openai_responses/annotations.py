"""Citations as this API's annotations, read and written.

https://platform.openai.com/docs/api-reference/responses/object#responses-object-output. An annotation counts characters
within its part of a message, a Citation within all the text of the answer.
"""

from typing import Any

from msgspec import Raw

from sealink.events import Citation
from sealink.wire.dialects.openai_responses.signatures import NAME
from sealink.wire.dialects.openai_responses.views import ANNOTATION
from sealink.wire.raw_json.fields import object_of, utf8


def read_annotation(raw: Raw, block: int, part_starts_at: int) -> Citation:
    """The citation that an annotation is. Raises what msgspec raises on what it cannot read.

    One without a `type` carries no dialect, so that no client is sent it as it stands: none would know its kind.
    """
    parsed = ANNOTATION.decode(raw)
    return Citation(
        block,
        url=parsed.url or "",
        title=parsed.title or parsed.filename or "",
        start=None if parsed.start_index is None else part_starts_at + parsed.start_index,
        end=None if parsed.end_index is None else part_starts_at + parsed.end_index,
        raw=utf8(raw),
        dialect=NAME if parsed.type else "",
    )


def write_annotation(citation: Citation, part_starts_at: int, part_chars: int) -> dict[str, Any]:
    """An annotation of the part's text so far, unless the citation names a range of its own.

    One with an address is a `url_citation`. Any other (pages of a document, say) is a `file_citation` with the
    upstream's own object beside it: the stock SDKs know no third type that would fit, and raise on an unknown one.
    """
    if citation.dialect == NAME:
        return dict(object_of(Raw(citation.raw)) or {})
    if not citation.url:
        fields = {"type": "file_citation", "file_id": "", "filename": citation.title, "index": part_chars}
        return {**fields, "citation": Raw(citation.raw)} if citation.raw else fields
    start = 0 if citation.start is None else max(0, citation.start - part_starts_at)
    end = part_chars if citation.end is None else max(0, citation.end - part_starts_at)
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": start,
        "end_index": end,
    }
