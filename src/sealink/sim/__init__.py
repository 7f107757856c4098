"""The simulated model: a provider like any other, without a model behind it.

request bytes ─▶ openai_wire / anthropic_wire ─▶ Ask ─▶ answer (prose, schema_value) ─▶ Answer
handler: paces ◀── AnswerStream(opening, ticks, closing) ◀── the same wire ◀──────────────┘

ask, answer      what a request asks, and the blocks of tokens that answer it
prose            plain sentences
schema_value     a value for a JSON schema; schema_merge, schema_check: of several, and whether it is one
pattern          a string for a schema's `pattern`, as pattern_reader reads it
wire             what a wire format must be able to do: openai_request and openai_wire, anthropic_request and
                 anthropic_wire, gemini_request and gemini_wire, responses_request and responses_wire are
                 those there are
handler          reads, waits as a model would, and writes
faults           what may go wrong and how it is asked for; faulty_answer (what is said) and faulty_body (how it
                 goes out) do it
"""

from sealink.sim.faults import FAULT_HEADER, Chance, described, read_chance
from sealink.sim.handler import SimDialect, SimSettings, sim_handler
from sealink.sim.prose import SIM_MODEL

__all__ = [
    "FAULT_HEADER",
    "SIM_MODEL",
    "Chance",
    "SimDialect",
    "SimSettings",
    "described",
    "read_chance",
    "sim_handler",
]
