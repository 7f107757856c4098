"""The simulated model: a provider like any other, without a model behind it.

request bytes ─▶ openai_wire / anthropic_wire ─▶ Ask ─▶ answer (prose, schema_value) ─▶ Answer
handler: paces ◀── AnswerStream(opening, ticks, closing) ◀── the same wire ◀──────────────┘
"""

from sealink.sim.handler import SimDialect, SimSettings, sim_handler
from sealink.sim.prose import SIM_MODEL

__all__ = ["SIM_MODEL", "SimDialect", "SimSettings", "sim_handler"]
