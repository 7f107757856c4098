"""Answers made to measure: what `sealink doctor` asks of the simulated model.

The wish stands in the prompt, for that is what passes every gateway and proxy:

    sealink-doctor {"phases": [[20, 0.1], [100, 0.015]], "token_chars": 200, "name": "a1b2"}

asks for 20 tokens at intervals of 0.1 s, then 100 at intervals of 15 ms. Each token holds its number and when it was
sent, in seconds since the request came in: `#17@1.802345`. How far a probe got, and when its client left, can be asked
for afterwards: `sealink-doctor {"report_on": "a1b2"}`.
"""

import re
from bisect import bisect_right
from collections import OrderedDict
from functools import cached_property
from itertools import accumulate
from typing import Annotated, Final, Literal

import msgspec

from sealink.sim.answer import Answer, Block

MARK: Final = "sealink-doctor "
"""What a probe's line begins with. It is the last line of the prompt."""

MAX_TOKENS: Final = 5000
MAX_PHASES: Final = 16
MAX_TOKEN_CHARS: Final = 1000
MAX_PAUSE_S: Final = 3600.0
MIN_HEARTBEAT_S: Final = 0.01
MAX_NAME_CHARS: Final = 100
"""Whoever may ask the simulated model may send a probe: it must not cost more than a long answer does."""

MAX_TOKENS_AT_ONCE: Final = 256
"""The most tokens in one write, after a slow client has let them pile up."""

_SENT_AT: Final = "\ue001"
"""A placeholder in a token, for the time when it is sent."""
_STAMP: Final = re.compile(r"#(\d+)@(\d+\.\d+)")
_KEPT_RECORDS: Final = 1024

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_TOKENS)]
Pause = Annotated[float, msgspec.Meta(ge=0, le=MAX_PAUSE_S)]
Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARS)]


class Probe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """What is asked of the simulated model.

    `phases`: numbers of tokens, and the pause before each of them in seconds. `token_chars`: the length of a token, if
    its stamp is shorter. `heartbeat_s`: in a longer pause a comment is sent at this interval, 0: none. `name`: under
    which the probe can be asked about later. `report_on`: the name of an earlier probe: the answer is its Record.
    `fault`: how the answer breaks off, after so many tokens, as the header x-sealink-sim-fault has it.
    """

    phases: Annotated[tuple[tuple[Count, Pause], ...], msgspec.Meta(max_length=MAX_PHASES)] = ()
    token_chars: Annotated[int, msgspec.Meta(ge=0, le=MAX_TOKEN_CHARS)] = 0
    heartbeat_s: Pause = 0
    name: Name = ""
    report_on: Name = ""
    fault: Annotated[str, msgspec.Meta(pattern=r"^((close|reset|end|error)@[0-9]{1,4})?$")] = ""

    def __post_init__(self) -> None:
        if 0 < self.heartbeat_s < MIN_HEARTBEAT_S:
            raise ValueError(f"heartbeat_s must be 0, or {MIN_HEARTBEAT_S} at least")

    def prompt(self, words: str = "") -> str:
        """The prompt that asks for this. `words` are for a model that does not know what a probe is."""
        return f"{words}\n{MARK}{msgspec.json.encode(self).decode()}".lstrip("\n")

    def answer(self) -> Answer:
        """The answer. Its tokens lack the times: see `stamped`."""
        return Answer([Block("text", [self._token(number) for number in range(len(self._due_s))])], "stop")

    def due_s(self, tokens: int) -> float:
        """When the token that follows `tokens` others is due, in seconds after the request."""
        due_s = self._due_s
        return due_s[min(tokens, len(due_s) - 1)] if due_s else 0.0

    def tokens_due(self, elapsed_s: float, sent: int) -> int:
        """How many tokens should have been sent after `elapsed_s`; at least one more than `sent`."""
        return min(max(bisect_right(self._due_s, elapsed_s), sent + 1), sent + MAX_TOKENS_AT_ONCE)

    @cached_property
    def _due_s(self) -> list[float]:
        """When each token is due."""
        pauses = [pause_s for count, pause_s in self.phases for _ in range(count)]
        return list(accumulate(pauses[:MAX_TOKENS]))

    def _token(self, number: int) -> str:
        return f"#{number}@{_SENT_AT}".ljust(self.token_chars, ".") + " "


class Record(msgspec.Struct):
    """How a probe ended, and when: in seconds after its request. `left`: its client has left before the end."""

    state: Literal["unknown", "running", "complete", "left"] = "unknown"
    ended_s: float = 0.0


class Records:
    """What became of the last probes."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()

    def begin(self, name: str) -> Record:
        """A new record, which the caller fills in; kept if the probe has a name."""
        record = Record("running")
        if name:
            self._records[name] = record
            if len(self._records) > _KEPT_RECORDS:
                self._records.popitem(last=False)
        return record

    def answer(self, name: str) -> Answer:
        """The record of a probe as JSON, as an answer in text."""
        record = self._records.get(name, Record())
        return Answer([Block("text", [msgspec.json.encode(record).decode()])], "stop")


def read_probe(prompt: str) -> Probe | None:
    """The probe that a prompt asks for; None where it is a prompt like any other."""
    at = prompt.rfind(MARK)
    if at < 0:
        return None
    try:
        return _decoder.decode(prompt[at + len(MARK) :])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_decoder: Final = msgspec.json.Decoder(Probe)


def stamped(data: bytes, sent_s: float) -> bytes:
    """The bytes of tokens with the time at which they are sent."""
    return data.replace(_SENT_AT.encode(), b"%.6f" % sent_s)


def stamps(text: str) -> list[tuple[int, float]]:
    """The numbers of the tokens in a text, and when they were sent."""
    return [(int(number), float(sent_s)) for number, sent_s in _STAMP.findall(text)]
