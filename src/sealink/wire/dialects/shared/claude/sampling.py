"""The sampling parameters that a Claude model takes; those it refuses are named in `dropped`."""

from typing import Any

from sealink.request import Sampling
from sealink.wire.dialects.shared.claude.models import ModelRules


def write_sampling(sampling: Sampling, rules: ModelRules, thinks: bool, dropped: list[str]) -> dict[str, Any]:
    """Anthropic's fields. A parameter at its default that the model refuses is left out: the effect is the same."""
    fixed = rules.sampling_is_fixed or (thinks and rules.thinking_fixes_sampling)
    written: dict[str, Any] = {}
    if sampling.temperature is not None:
        temperature = min(sampling.temperature, 1.0)  # OpenAI's goes up to 2; Anthropic's own endpoint caps it so
        if not fixed or (temperature == 1 and not rules.sampling_is_fixed):
            written["temperature"] = temperature
        elif sampling.temperature != 1:
            dropped.append("temperature")
    if sampling.top_p is not None:
        if _takes_top_p(sampling.top_p, rules, fixed, beside_temperature="temperature" in written):
            written["top_p"] = sampling.top_p
        elif sampling.top_p != 1:
            dropped.append("top_p")
    if sampling.top_k is not None:
        if fixed:
            dropped.append("top_k")
        else:
            written["top_k"] = sampling.top_k
    return written | _stop_sequences(sampling, dropped)


def _takes_top_p(top_p: float, rules: ModelRules, fixed: bool, *, beside_temperature: bool) -> bool:
    if rules.sampling_is_fixed or (beside_temperature and rules.temperature_or_top_p):
        return False
    return not fixed or 0.95 <= top_p <= 1


def _stop_sequences(sampling: Sampling, dropped: list[str]) -> dict[str, Any]:
    """Claude refuses a stop sequence of white space alone."""
    requested = sampling.stop or []
    taken = [sequence for sequence in requested if sequence.strip()]
    if len(taken) < len(requested):
        dropped.append("stop")
    return {"stop_sequences": taken} if taken else {}
