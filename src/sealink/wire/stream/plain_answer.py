"""A whole answer that is one text and nothing else, as most are that are not streamed.

It is read by one decode into a view that nothing else fits (`upstream/plain_answer.py` in the dialects) and written
straight into the client's shape, without the events that all other answers are made of. Both ways give the same bytes.
"""

import msgspec

from sealink.events import Finish
from sealink.usage import Usage
from sealink.wire.stream.outcome import Outcome


class PlainAnswer(msgspec.Struct, gc=False):
    """The only choice's text, which is not empty, and all else that is known of the answer; as in Answer of fold.py."""

    id: str
    model: str
    created: int | None
    text: str
    finish: Finish
    usage: Usage | None

    def outcome(self) -> Outcome:
        """What has been learned about it."""
        outcome = Outcome(complete=True, finish_reasons={0: self.finish.raw_reason})
        outcome.add_text(self.text)
        if self.usage is not None:
            outcome.usage, outcome.provenance = self.usage, "provider"
        return outcome
