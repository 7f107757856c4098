"""The simulated model: a fake provider that answers without a model behind it, and fails on demand.

request bytes ─▶ requests/ ─▶ Ask ─▶ answer (prose, schema_value) ─▶ Answer ─▶ wires/ ─▶ handler ─▶ response bytes

handler          serves a request: has it parsed, waits as long as a model would, and writes the answer
requests/        parse a request of each wire format into an Ask (ask.py), which no longer depends on the format
answer           decides on the answer's blocks of tokens: thinking, text, tool calls
prose            plain sentences for answers in text
schema_value     a value for a JSON schema, for tool arguments and structured answers
schema, pattern  what it uses: a reader for schemas, and strings that match a regular expression
wires/           write an Answer as each wire format has it, whole or streamed
faults           the kinds of faults, and how a request asks for them; faulty_answer changes the answer's content,
                 faulty_body the bytes and the connection
probe            answers with time stamps, pauses and a record of how they ended, for `sealink doctor`
"""

from sealink.catalog.models import SIM_MODEL
from sealink.sim.faults import FAULT_HEADER, Chance, described, read_chance
from sealink.sim.handler import SimDialect, SimSettings, sim_handler

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
