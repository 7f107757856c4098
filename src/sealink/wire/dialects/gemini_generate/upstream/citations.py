"""Where an answer has its words from: `groundingMetadata` and `citationMetadata` → Citations.

https://ai.google.dev/gemini-api/docs/google-search#attributing_sources_with_inline_citations. The grounding is told as
a whole, mostly with the last chunk; where several chunks tell, the last one counts. What is quoted at length is told by
the chunk that quotes it; some tell it again.
"""

from collections.abc import Iterable, Iterator

from msgspec import Raw

from sealink.events import Citation
from sealink.wire.dialects.gemini_generate.upstream.errors import NAME
from sealink.wire.dialects.gemini_generate.views import (
    CHUNK,
    CITATIONS,
    CITED,
    GROUNDING,
    SUPPORT,
    CitedSource,
    GroundingSupport,
    Segment,
    Source,
)
from sealink.wire.raw_json.fields import encode, is_null, utf8


def grounding_citations(raw: Raw, text: bytes, block: int, choice: int) -> Iterator[Citation]:
    """One for each source of each supported segment; where no segment is named, one for each source.

    `text` is all that the choice has said, by whose bytes segments are counted. Raises msgspec.ValidationError.
    """
    said = None if is_null(raw) or not raw else GROUNDING.decode(raw)
    if said is None:
        return
    chunks, supports = said.grounding_chunks or [], said.grounding_supports or []
    for support in supports:
        read = SUPPORT.decode(support)
        for index in read.grounding_chunk_indices or ():
            if 0 <= index < len(chunks):
                yield _grounded(chunks[index], support, read, text, block, choice)
    if not supports:
        for chunk in chunks:
            yield _grounded(chunk, None, GroundingSupport(), text, block, choice)


def recited(told: Iterable[Raw], text: bytes, block: int, choice: int) -> Iterator[Citation]:
    """The sources that the answer quotes at length, as its chunks `told` of them. Raises msgspec.ValidationError."""
    for source in _sources(told):
        read: CitedSource = CITED.decode(source)
        start, end = _place(Segment(read.start_index, read.end_index), text)
        yield Citation(
            block,
            url=read.uri or "",
            title=read.title or "",
            start=start,
            end=end,
            raw=source,
            dialect=NAME,
            choice=choice,
        )


def _sources(told: Iterable[Raw]) -> list[bytes]:
    sources: list[bytes] = []
    for said in (CITATIONS.decode(raw) for raw in told if not is_null(raw)):
        more = [utf8(source) for source in said.citations or said.citation_sources or ()]
        sources += [source for source in more if source not in sources]
    return sources


def _grounded(
    chunk: Raw, support: Raw | None, read: GroundingSupport, text: bytes, block: int, choice: int
) -> Citation:
    kinds = CHUNK.decode(chunk)
    source = kinds.web or kinds.retrieved_context or kinds.maps or kinds.image or Source()
    start, end = _place(read.segment, text)
    told = {"groundingChunk": Raw(utf8(chunk))} | (
        {"groundingSupport": Raw(utf8(support))} if support is not None else {}
    )
    return Citation(
        block,
        url=source.uri or "",
        title=source.title or "",
        quote=source.text or "",
        start=start,
        end=end,
        raw=encode(told),
        dialect=NAME,
        choice=choice,
    )


def _place(segment: Segment | None, text: bytes) -> tuple[int | None, int | None]:
    """A segment's first and last character; a start of 0 is left out of JSON."""
    if segment is None or segment.end_index is None:
        return None, None
    return _characters(text, segment.start_index or 0), _characters(text, segment.end_index)


def _characters(text: bytes, byte_count: int) -> int:
    """How many characters begin within so many bytes."""
    return len(text[: max(0, byte_count)].decode(errors="ignore"))
