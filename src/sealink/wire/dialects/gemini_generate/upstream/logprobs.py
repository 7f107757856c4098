"""Log probabilities → OpenAI's token objects. https://ai.google.dev/api/generate-content#LogprobsResult"""

from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from sealink.wire.dialects.gemini_generate.views import LOGPROBS, LogprobsCandidate
from sealink.wire.raw_json.fields import encode, is_null


def read_logprobs(raw: Raw) -> bytes:
    """A JSON array, b"" where there is nothing in it. Raises msgspec.ValidationError."""
    said = None if is_null(raw) or not raw else LOGPROBS.decode(raw)
    chosen = (said.chosen_candidates if said is not None else None) or []
    if said is None or not chosen:
        return b""
    tops = [top.candidates or [] for top in said.top_candidates or ()]
    tops += [[]] * (len(chosen) - len(tops))
    return encode([_token(token, top) for token, top in zip(chosen, tops, strict=False)])


def _token(chosen: LogprobsCandidate, top: Sequence[LogprobsCandidate]) -> dict[str, Any]:
    return {**_said(chosen), "top_logprobs": [_said(each) for each in top]}


def _said(candidate: LogprobsCandidate) -> dict[str, Any]:
    """A probability that is not told is as good as none: OpenAI says -9999 then."""
    logprob = -9999.0 if candidate.log_probability is None else candidate.log_probability
    return {"token": candidate.token, "logprob": logprob, "bytes": list(candidate.token.encode())}
