"""The fields that are read of Gemini's wire objects.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse

Parts of other kinds than these are passed on as they are. Not read: `safetyRatings`, `avgLogprobs`, `tokenCount` (no
client's format has a field for them), `urlContextMetadata` and a search's widgets (what was found is in
`groundingMetadata`'s chunks), `createTime` (SeaLink's clock says when an answer began).
"""

from typing import Annotated, Final

import msgspec
from msgspec import Raw


class View(msgspec.Struct, gc=False, rename="camel"):
    """The fields that are read of a wire object."""


class PartialArg(View):
    """A piece of one argument, named by its JSON path."""

    json_path: str = "$"
    string_value: str | None = None
    number_value: int | float | None = None
    bool_value: bool | None = None


class FunctionCall(View):
    """A call, or a piece of one: all but the last piece say `willContinue`."""

    name: str | None = None
    id: str | None = None
    args: Raw = Raw()
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Blob(View):
    mime_type: str = ""
    data: str = ""


class Part(View):
    """One of `text`, `functionCall`, `inlineData`, or something else; it may be a thought, and signed."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None


class Content(View):
    parts: list[Raw] | None = None


class Candidate(View):
    """JSON leaves out fields that are 0 or empty, the index among them."""

    index: int | None = None
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: Raw = Raw()
    citation_metadata: Raw = Raw()
    logprobs_result: Raw = Raw()


class PromptFeedback(View):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Response(View):
    """One chunk of a stream, or a whole answer."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: Raw = Raw()
    response_id: Raw = Raw()
    model_version: Raw = Raw()
    error: Raw = Raw()


RESPONSE: Final = msgspec.json.Decoder(Response)
RESPONSES: Final = msgspec.json.Decoder(Response | list[Response])
PART: Final = msgspec.json.Decoder(Part)


class Segment(View):
    """A range of the answer's text. Both indices count bytes of UTF-8."""

    start_index: int | None = None
    end_index: int | None = None


class Source(View):
    """A web page, a place on a map, or a document of the user's, which share their fields."""

    uri: str | None = None
    title: str | None = None
    text: str | None = None


class GroundingChunk(View):
    web: Source | None = None
    maps: Source | None = None
    retrieved_context: Source | None = None
    image: Source | None = None


class GroundingSupport(View):
    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class GroundingMetadata(View):
    grounding_chunks: list[Raw] | None = None
    grounding_supports: list[Raw] | None = None


class Searches(View):
    """The queries of a grounded answer, in its `groundingMetadata`."""

    web_search_queries: list[str] | None = None


class CitationMetadata(View):
    """The clouds call the same list `citations`, the Gemini API calls it `citationSources`."""

    citations: list[Raw] | None = None
    citation_sources: list[Raw] | None = None


class CitedSource(View):
    start_index: int | None = None
    end_index: int | None = None
    uri: str | None = None
    title: str | None = None


GROUNDING: Final = msgspec.json.Decoder(GroundingMetadata | None)
SEARCHES: Final = msgspec.json.Decoder(Searches)
CHUNK: Final = msgspec.json.Decoder(GroundingChunk)
SUPPORT: Final = msgspec.json.Decoder(GroundingSupport)
CITATIONS: Final = msgspec.json.Decoder(CitationMetadata | None)
CITED: Final = msgspec.json.Decoder(CitedSource)


class LogprobsCandidate(View):
    token: str = ""
    log_probability: float | None = None


class TopCandidates(View):
    candidates: list[LogprobsCandidate] | None = None


class LogprobsResult(View):
    chosen_candidates: list[LogprobsCandidate] | None = None
    top_candidates: list[TopCandidates] | None = None


LOGPROBS: Final = msgspec.json.Decoder(LogprobsResult | None)


Count = Annotated[int, msgspec.Meta(ge=0)]


class Counts(View):
    """`usageMetadata`. All of its other fields are passed on as they are."""

    prompt_token_count: Count | None = None
    candidates_token_count: Count | None = None
    thoughts_token_count: Count | None = None
    tool_use_prompt_token_count: Count | None = None
    cached_content_token_count: Count | None = None
    total_token_count: Count | None = None


class ModalityCount(View):
    modality: str | None = None
    token_count: int | None = None


class Charged(View):
    """What the price depends on besides the counts. All of it is passed on as it is."""

    prompt_tokens_details: list[ModalityCount] | None = None
    tool_use_prompt_tokens_details: list[ModalityCount] | None = None
    cache_tokens_details: list[ModalityCount] | None = None
    candidates_tokens_details: list[ModalityCount] | None = None
    service_tier: str | None = None
    traffic_type: str | None = None


CHARGED: Final = msgspec.json.Decoder(Charged)
COUNTS: Final = msgspec.json.Decoder(Counts | None)
COUNT_NAMES: Final = frozenset(field.encode_name for field in msgspec.structs.fields(Counts))
