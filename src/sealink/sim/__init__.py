"""The simulated model: a provider like any other, without a model behind it.

request bytes ─▶ openai_wire / anthropic_wire ─▶ Ask ─▶ answer (prose, schema_value) ─▶ Answer
handler: paces ◀── AnswerStream(opening, ticks, closing) ◀── the same wire ◀──────────────┘

faults: what may go wrong and how it is asked for; faulty_answer (what is said) and faulty_body (how it goes out) do it.
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
