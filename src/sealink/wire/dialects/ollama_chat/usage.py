"""Token counts and durations, in the last line of an answer. https://docs.ollama.com/api/usage"""

from typing import Final

import msgspec

from sealink.usage import Usage
from sealink.wire.raw_json.fields import parse_object

_DURATIONS: Final[tuple[str, ...]] = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


class _Counts(msgspec.Struct):
    prompt_eval_count: int | None = None
    eval_count: int | None = None


def read_usage(data: bytes) -> Usage | None:
    """None where nothing was counted. Durations, in nanoseconds, are extra fields. Raises what msgspec raises."""
    counts, fields = msgspec.json.decode(data, type=_Counts), parse_object(data)
    if counts.prompt_eval_count is None and counts.eval_count is None:
        return None
    extras = {name: fields[name] for name in _DURATIONS if name in fields}
    return Usage(counts.prompt_eval_count or 0, counts.eval_count or 0, extras=extras)
