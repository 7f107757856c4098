"""Token counts and durations, in the last line of an answer. https://docs.ollama.com/api/usage"""

from typing import Final

from sealink.usage import Usage
from sealink.wire.raw_json.fields import count_of, parse_object

_DURATIONS: Final[tuple[str, ...]] = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


def read_usage(data: bytes) -> Usage | None:
    """None where nothing was counted. Durations, in nanoseconds, are extra fields. Raises what msgspec raises."""
    fields = parse_object(data)
    prompt, answer = count_of(fields.get("prompt_eval_count")), count_of(fields.get("eval_count"))
    if prompt is None and answer is None:
        return None
    extras = {name: fields[name] for name in _DURATIONS if name in fields}
    return Usage(prompt or 0, answer or 0, extras=extras)
