"""What Gemini reports about an answer's text: its sources → Citations, its log probabilities → OpenAI's token objects.

https://ai.google.dev/gemini-api/docs/google-search#attributing_sources_with_inline_citations. `groundingMetadata` is
complete, mostly in the last chunk; where several chunks have it, the last one counts. `citationMetadata` is in each
chunk that quotes something at length; some repeat it. https://ai.google.dev/api/generate-content#LogprobsResult
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from msgspec import Raw

from sealink.events import Citation
from sealink.wire.dialects.gemini_generate.upstream.errors import NAME
from sealink.wire.dialects.gemini_generate.views import (
    CHUNK,
    CITATIONS,
    CITED,
    GROUNDING,
    LOGPROBS,
    SUPPORT,
    CitedSource,
    GroundingSupport,
    LogprobsCandidate,
    Segment,
    Source,
)
from sealink.wire.raw_json.fields import encode, is_null, utf8

_STRIDE_BYTES: Final = 1024
_CONTINUATION_BYTES: Final = bytes(range(0x80, 0xC0))
"""Those of a character behind its first (RFC 3629 §3)."""
_CONTINUATIONS: Final = frozenset(bytes([byte]) for byte in _CONTINUATION_BYTES)

NO_LOGPROB: Final = -9999.0
"""OpenAI's value for a token without a known log probability."""


class Characters:
    """Positions in a text by its UTF-8 bytes, which Gemini counts, in characters, which clients do.

    The bytes before each `_STRIDE_BYTES` are counted once: an answer may have a citation for each of its words.
    """

    def __init__(self, text: str) -> None:
        self._text = text.encode(errors="replace")
        strides = range(0, len(self._text), _STRIDE_BYTES)
        self._before = [0, *accumulate(_beginnings(self._text[at : at + _STRIDE_BYTES]) for at in strides)]

    def within(self, byte_count: int) -> int:
        """How many whole characters are within the first `byte_count` bytes."""
        end = min(max(0, byte_count), len(self._text))
        stride = end // _STRIDE_BYTES
        count = self._before[stride] + _beginnings(self._text[stride * _STRIDE_BYTES : end])
        return count - 1 if self._text[end : end + 1] in _CONTINUATIONS else count


def _beginnings(utf8: bytes) -> int:
    """How many characters begin in these bytes."""
    return len(utf8.translate(None, _CONTINUATION_BYTES))


def grounding_citations(raw: Raw, text: Characters, block: int, choice: int) -> Iterator[Citation]:
    """One for each source of each supported segment; where no segment is named, one for each source.

    `text` is all of the choice's text: segments count its bytes. Raises msgspec.ValidationError.
    """
    grounding = None if is_null(raw) or not raw else GROUNDING.decode(raw)
    if grounding is None:
        return
    chunks, supports = grounding.grounding_chunks or [], grounding.grounding_supports or []
    for support in supports:
        decoded = SUPPORT.decode(support)
        for index in decoded.grounding_chunk_indices or ():
            if 0 <= index < len(chunks):
                yield _grounded(chunks[index], support, decoded, text, block, choice)
    if not supports:
        for chunk in chunks:
            yield _grounded(chunk, None, GroundingSupport(), text, block, choice)


def quoted_sources(metadata: Iterable[Raw], text: Characters, block: int, choice: int) -> Iterator[Citation]:
    """The sources that the answer quotes at length, from all `citationMetadata`. Raises msgspec.ValidationError."""
    for source in _distinct_sources(metadata):
        cited: CitedSource = CITED.decode(source)
        start, end = _range(Segment(cited.start_index, cited.end_index), text)
        yield Citation(
            block,
            url=cited.uri or "",
            title=cited.title or "",
            start=start,
            end=end,
            raw=source,
            dialect=NAME,
            choice=choice,
        )


def read_logprobs(raw: Raw) -> bytes:
    """A JSON array, b"" where there is nothing in it. Raises msgspec.ValidationError."""
    result = None if is_null(raw) or not raw else LOGPROBS.decode(raw)
    chosen = (result.chosen_candidates if result is not None else None) or []
    if result is None or not chosen:
        return b""
    tops = [top.candidates or [] for top in result.top_candidates or ()]
    tops += [[]] * (len(chosen) - len(tops))
    return encode([_token(token, top) for token, top in zip(chosen, tops, strict=False)])


def _distinct_sources(metadata: Iterable[Raw]) -> list[bytes]:
    """Those that an earlier chunk had are left out; one chunk may have the same twice."""
    sources: list[bytes] = []
    known: set[bytes] = set()
    for decoded in (CITATIONS.decode(raw) for raw in metadata if not is_null(raw)):
        more = [utf8(source) for source in decoded.citations or decoded.citation_sources or ()]
        sources += [source for source in more if source not in known]
        known.update(more)
    return sources


def _grounded(
    chunk: Raw, support: Raw | None, decoded: GroundingSupport, text: Characters, block: int, choice: int
) -> Citation:
    kinds = CHUNK.decode(chunk)
    source = kinds.web or kinds.retrieved_context or kinds.maps or kinds.image or Source()
    start, end = _range(decoded.segment, text)
    own = {"groundingChunk": Raw(utf8(chunk))} | (
        {"groundingSupport": Raw(utf8(support))} if support is not None else {}
    )
    return Citation(
        block,
        url=source.uri or "",
        title=source.title or "",
        quote=source.text or "",
        start=start,
        end=end,
        raw=encode(own),
        dialect=NAME,
        choice=choice,
    )


def _range(segment: Segment | None, text: Characters) -> tuple[int | None, int | None]:
    """A segment's start and end in characters. JSON leaves out a start of 0."""
    if segment is None or segment.end_index is None:
        return None, None
    return text.within(segment.start_index or 0), text.within(segment.end_index)


def _token(chosen: LogprobsCandidate, top: Sequence[LogprobsCandidate]) -> dict[str, Any]:
    return {**_logprob(chosen), "top_logprobs": [_logprob(each) for each in top]}


def _logprob(candidate: LogprobsCandidate) -> dict[str, Any]:
    logprob = NO_LOGPROB if candidate.log_probability is None else candidate.log_probability
    return {"token": candidate.token, "logprob": logprob, "bytes": list(candidate.token.encode())}
