"""What every upstream dialect asks of a neutral request before it writes it."""

from collections.abc import Iterable

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, ResponseFormat


def known_effort(request: ChatRequest, efforts: Iterable[str]) -> str | None:
    """The reasoning effort, if one is asked for. Raises InvalidRequest if it is none of these, and not `none`."""
    effort, known = request.reasoning_effort, ("none", *(name for name in efforts if name != "none"))
    if effort is None or effort in known:
        return effort
    words = f"reasoning_effort is one of {', '.join(known)}, not {effort!r}."
    raise InvalidRequest(words, code="invalid_value", param="reasoning_effort")


def wanted_schema(wanted: ResponseFormat) -> Raw:
    """The schema of a response format that needs one. Raises InvalidRequest if there is none."""
    if wanted.schema is None:
        raise InvalidRequest("response_format asks for a JSON Schema and gives none.", param="response_format")
    return wanted.schema
