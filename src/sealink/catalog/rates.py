"""What a model costs: a price for each kind of token, and the cost of a usage by it. Whole numbers only."""

from collections.abc import Iterable
from typing import Final

import msgspec

from sealink.usage import Usage

NANO: Final = 10**9
"""Nano-dollars in a dollar."""
MAX_TOKENS: Final = 10**9
"""No request has more tokens of a kind. A usage that says so is wrong, and has no cost."""
_SURELY_FEWER: Final = 1 << 29
_MILLION: Final = 10**6
_TWO_MILLION: Final = 2 * _MILLION


class Rates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nano-dollars: for a million tokens of each kind, for a search, for a request, and for an image in it.

    None: this kind has no price of its own, and is charged as the kind that it is a part of (a cached token as input,
    a one-hour cache write as one of five minutes, reasoning as output). `input` and `output` are a part of nothing:
    where one of them is None, a usage with such tokens has no known cost.
    """

    input: int | None = None
    output: int | None = None
    cached_read: int | None = None
    cached_write_5m: int | None = None
    cached_write_1h: int | None = None
    reasoning: int | None = None
    input_audio: int | None = None
    cached_audio: int | None = None
    output_audio: int | None = None
    input_image: int | None = None
    output_image: int | None = None
    web_search: int = 0
    file_search: int = 0
    request: int = 0
    image: int = 0

    def cost(self, usage: Usage, *, images: int = 0) -> int | None:
        """Nano-dollars, rounded half up; None where it is not known. Never raises, and is never below 0.

        A part that is larger than its whole is charged as reported, and nothing is left of the whole.
        """
        if usage.is_plain and not (self.request or images):
            return self.of_plain(usage.input_tokens, usage.output_tokens)
        inputs, outputs = _input_parts(usage, self), _output_parts(usage, self)
        counts = [count for count, _ in (*inputs, *outputs)]
        searches = max(0, usage.web_searches), max(0, usage.file_searches)
        if max(*counts, *searches, images) > MAX_TOKENS:
            return None
        price = self.request + images * self.image
        price += searches[0] * self.web_search + searches[1] * self.file_search
        millionths = 0
        for count, rate in (*inputs, *outputs):
            if count and rate is None:
                return None
            millionths += count * (rate or 0)
        return (2 * (millionths + price * _MILLION) + _MILLION) // (2 * _MILLION)

    def of_plain(self, inputs: int, outputs: int) -> int | None:
        """The cost of so many plain tokens, as nearly all usages have, at a tenth of the expense; None where it is not
        known. Whatever a request costs by itself is not in it."""
        of_input, of_output = self.input, self.output
        if of_input is None or of_output is None or not 0 <= inputs | outputs < _SURELY_FEWER:
            return self._of_odd(max(0, inputs), max(0, outputs))
        return (2 * (inputs * of_input + outputs * of_output) + _MILLION) // _TWO_MILLION

    def _of_odd(self, inputs: int, outputs: int) -> int | None:
        of_input, of_output = self.input, self.output
        if (of_input is None and inputs) or (of_output is None and outputs) or max(inputs, outputs) > MAX_TOKENS:
            return None
        return (2 * (inputs * (of_input or 0) + outputs * (of_output or 0)) + _MILLION) // (2 * _MILLION)


_Part = tuple[int, int | None]
"""How many tokens, and their rate."""


def _input_parts(usage: Usage, rates: Rates) -> list[_Part]:
    """The prompt's tokens by kind, the plain ones last."""
    written = max(0, usage.cached_write_tokens)
    written_1h = min(max(0, usage.cached_write_1h_tokens), written)
    read, read_audio = max(0, usage.cached_read_tokens), max(0, usage.cached_audio_tokens)
    audio, images = usage.input_audio_tokens - read_audio, usage.input_image_tokens
    read_rate = _first(rates.cached_read, rates.input)
    write_rate = _first(rates.cached_write_5m, rates.input)
    own = [
        (read_audio, _first(rates.cached_audio, rates.cached_read, rates.input_audio, rates.input)),
        (max(0, read - read_audio), read_rate),
        (written - written_1h, write_rate),
        (written_1h, _first(rates.cached_write_1h, write_rate)),
        (max(0, audio) if rates.input_audio is not None else 0, rates.input_audio),
        (max(0, images) if rates.input_image is not None else 0, rates.input_image),
    ]
    return [*own, (_rest(usage.input_tokens, own), rates.input)]


def _output_parts(usage: Usage, rates: Rates) -> list[_Part]:
    """The answer's tokens by kind, the plain ones last. A kind without a price of its own is one of these."""
    own = [
        (max(0, count) if rate is not None else 0, rate)
        for count, rate in (
            (usage.reasoning_tokens, rates.reasoning),
            (usage.output_audio_tokens, rates.output_audio),
            (usage.output_image_tokens, rates.output_image),
        )
    ]
    return [*own, (_rest(usage.output_tokens, own), rates.output)]


def _rest(whole: int, parts: Iterable[_Part]) -> int:
    return max(0, whole - sum(count for count, _ in parts))


def _first(*rates: int | None) -> int | None:
    return next((rate for rate in rates if rate is not None), None)
