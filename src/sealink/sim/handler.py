"""Serves requests to the simulated model, at the pace of a real one."""

import asyncio
import secrets
import time
from itertools import islice
from random import Random
from typing import Final, Literal
from urllib.parse import unquote

import msgspec

from sealink.catalog.models import SIM_MODEL
from sealink.errors import HeaderList, MethodNotAllowed, NotFound, SealinkError
from sealink.net.message import Request, Responder
from sealink.net.server import Handler
from sealink.sim.answer import Answer, answers
from sealink.sim.ask import Ask
from sealink.sim.faults import FAULT_HEADER, Chance, Fault, drawn, named, read_faults, split_model
from sealink.sim.faulty_answer import with_faulty_frames, with_faulty_tokens
from sealink.sim.faulty_body import FaultyBody, ResponseEnded
from sealink.sim.probe import Probe, Records, read_probe, stamped
from sealink.sim.wires.anthropic import AnthropicWire
from sealink.sim.wires.gemini import GeminiWire
from sealink.sim.wires.openai import OpenAIWire
from sealink.sim.wires.responses import ResponsesWire
from sealink.sim.wires.wire import AnswerStream, Reply, SimWire

SimDialect = Literal["openai", "anthropic", "gemini", "responses"]

MAX_TOKENS_AT_ONCE: Final = 256
"""The most tokens in one write, after a slow client has let them pile up or when the pace is unlimited."""

HEARTBEAT: Final = b": the model is still there\n\n"
"""A comment, while a probe has the model be silent."""

_JSON: Final = [("content-type", "application/json")]
_EVENT_STREAM: Final = [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")]


class SimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The behaviour of the simulated model."""

    ttft_s: float = 0.2
    """Time from the request to the first token. Headers and opening frames are sent at once."""
    tokens_per_s: float = 60.0
    """Pace after the first token; 0: as fast as the client reads."""
    models: tuple[str, ...] = (SIM_MODEL,)
    """The models that GET /v1/models lists. Requests for any other model are answered too."""
    chances: tuple[Chance, ...] = ()
    """Random faults, for requests that do not ask for faults themselves."""
    seed: int | None = None
    """Makes the random faults the same in each run; None: different ones."""

    def due_s(self, tokens: int) -> float:
        """When the token that follows `tokens` others is due, in seconds after the request."""
        return self.ttft_s + (tokens / self.tokens_per_s if self.tokens_per_s else 0)

    def tokens_due(self, elapsed_s: float, sent: int) -> int:
        """How many tokens should have been sent after `elapsed_s`; at least one more than `sent`."""
        if not self.tokens_per_s:
            return sent + MAX_TOKENS_AT_ONCE
        due = int((elapsed_s - self.ttft_s) * self.tokens_per_s) + 1
        return min(max(due, sent + 1), sent + MAX_TOKENS_AT_ONCE)


_WIRES: Final[dict[SimDialect, SimWire]] = {
    "openai": OpenAIWire(),
    "anthropic": AnthropicWire(),
    "gemini": GeminiWire(),
    "responses": ResponsesWire(),
}


def sim_handler(settings: SimSettings, dialect: SimDialect = "openai") -> Handler:
    """A handler for sealink.net.server.Server that makes it a simulated provider."""
    return _Simulation(settings, _WIRES[dialect]).handle


class _Simulation:
    def __init__(self, settings: SimSettings, wire: SimWire) -> None:
        self._settings = settings
        self._wire = wire
        self._dice = Random(settings.seed)
        self._records = Records()

    async def handle(self, request: Request, responder: Responder) -> None:
        request_id = f"req_{secrets.token_hex(12)}"
        headers = [(self._wire.request_id_header, request_id)]
        try:
            if self._wire.takes(request.path):
                _expect("POST", request)
                await self._answer(request, responder, headers)
            else:
                responder.send(200, [*_JSON, *headers], self._other(request))
        except SealinkError as error:
            responder.send(error.status, [*_JSON, *headers, *error.headers], self._wire.error(error, request_id))
        except ResponseEnded:
            return

    def _other(self, request: Request) -> bytes:
        """The response to a request that is not for an answer: models, token counts."""
        path, known = request.path, self._settings.models
        if path in self._wire.other_endpoints:
            _expect("POST", request)
            return self._wire.other_endpoints[path](request.body)
        listed = next((each for each in self._wire.models_paths if f"{path}/".startswith(f"{each}/")), None)
        if listed is None:
            raise NotFound(f"Unknown request URL: {request.method} {path}.", code="unknown_url")
        _expect("GET", request)
        model = unquote(path.removeprefix(listed).removeprefix("/"))
        if not model:
            return self._wire.models(known)
        if model not in known:
            raise NotFound(f"The model '{model}' does not exist.", code="model_not_found", param="model")
        return self._wire.model(model)

    async def _answer(self, request: Request, responder: Responder, headers: HeaderList) -> None:
        """Answer a request for tokens. Raises ResponseEnded; SealinkError for an invalid request, or as a fault."""
        ask = self._wire.read(request.path, request.body)
        probe = read_probe(ask.prompt)
        faults = self._faults(request, ask, probe)
        ask = msgspec.structs.replace(ask, model=split_model(ask.model)[0])
        body = self._body(faults, responder)
        await body.begin()
        marks = [(FAULT_HEADER, ",".join(map(str, faults)))] if faults else []
        if status := named(faults, "status"):
            raise _error(int(status.value), [*marks, *_retry_after(faults)])
        given = with_faulty_tokens([self._probed(probe)] if probe else answers(ask), faults)
        reply = Reply(secrets.token_hex(12), int(time.time()))
        if ask.stream:
            await body.start([*_EVENT_STREAM, *headers, *marks])
            stream = with_faulty_frames(self._wire.stream(ask, given, reply), faults, self._wire)
            await self._stream(stream, body, probe)
        else:
            await asyncio.sleep((probe or self._settings).due_s(max(each.tokens for each in given)))
            await body.send([*_JSON, *headers, *marks], self._wire.whole(ask, given, reply))

    def _probed(self, probe: Probe) -> Answer:
        return self._records.answer(probe.report_on) if probe.report_on else probe.answer()

    def _faults(self, request: Request, ask: Ask, probe: Probe | None) -> list[Fault]:
        """The faults that the header, the model name or a probe asks for; if there are none, random ones."""
        asked = read_faults(request.headers.get(FAULT_HEADER, ""), FAULT_HEADER)
        asked += read_faults(split_model(ask.model)[1], "model")
        asked += read_faults(probe.fault if probe else "", "messages")
        return asked or drawn(self._settings.chances, self._dice)

    def _body(self, faults: list[Fault], responder: Responder) -> FaultyBody:
        pace = self._settings.tokens_per_s
        error_event = self._wire.error_event(_error(500))
        return FaultyBody(faults, responder, error_event=error_event, pause_s=1 / pace if pace else 0)

    async def _stream(self, stream: AnswerStream, body: FaultyBody, probe: Probe | None) -> None:
        """Send each token when it is due. Times are counted from the start, so that delays do not add up."""
        clock = asyncio.get_running_loop().time
        began_s = clock()
        record = self._records.begin(probe.name if probe else "")
        try:
            await self._send_tokens(stream, body, probe, began_s)
            record.state = "complete"
        except asyncio.CancelledError:
            record.state = "left"
            raise
        finally:
            record.ended_s = clock() - began_s

    async def _send_tokens(self, stream: AnswerStream, body: FaultyBody, probe: Probe | None, began_s: float) -> None:
        clock, sent = asyncio.get_running_loop().time, 0
        pace = probe or self._settings
        body.write(stream.opening)
        while True:
            await _pause(began_s + pace.due_s(sent) - clock(), body, probe.heartbeat_s if probe else 0)
            await body.reach(sent)
            due = min(pace.tokens_due(clock() - began_s, sent), body.next_place)
            tokens = list(islice(stream.ticks, due - sent))
            if not tokens:
                break
            data = b"".join(tokens)
            body.write(stamped(data, clock() - began_s) if probe else data)
            sent += len(tokens)
            await body.flush()
        await body.reach_end()
        body.write(b"".join(each.frame for each in stream.closing))
        body.finish()


async def _pause(pause_s: float, body: FaultyBody, heartbeat_s: float) -> None:
    """Wait for the next token. Where `heartbeat_s` is not 0, comments are sent meanwhile."""
    while heartbeat_s and pause_s > heartbeat_s:
        await asyncio.sleep(heartbeat_s)
        body.write(HEARTBEAT)
        await body.flush()
        pause_s -= heartbeat_s
    await asyncio.sleep(pause_s)


_ERRORS: Final = {429: ("rate_limit_error", "rate_limit_exceeded"), 529: ("overloaded_error", "overloaded")}


def _error(status: int, headers: HeaderList = ()) -> SealinkError:
    """The error that a fault asks for."""
    type, code = _ERRORS.get(status, ("server_error", None))
    error = SealinkError(f"The simulated provider was told to fail with {status}.", code=code, headers=headers)
    error.status, error.type = status, type
    return error


def _retry_after(faults: list[Fault]) -> HeaderList:
    fault = named(faults, "retry-after")
    return [("retry-after", f"{fault.value:g}")] if fault else []


def _expect(method: str, request: Request) -> None:
    if request.method != method:
        raise MethodNotAllowed(f"Not allowed to {request.method} on {request.path}.", headers=[("allow", method)])
