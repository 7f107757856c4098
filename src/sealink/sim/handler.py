"""The simulated model at work: a request is read, thought about for as long as a model would, and answered."""

import asyncio
import secrets
import time
from itertools import islice
from typing import Final, Literal
from urllib.parse import unquote

import msgspec

from sealink.errors import HeaderList, MethodNotAllowed, NotFound, SealinkError
from sealink.net.message import Request, Responder
from sealink.net.serving import Handler
from sealink.sim.answer import answers
from sealink.sim.anthropic_wire import AnthropicWire
from sealink.sim.ask import Ask
from sealink.sim.openai_wire import OpenAIWire
from sealink.sim.prose import SIM_MODEL
from sealink.sim.wire import AnswerStream, Reply, SimWire

SimDialect = Literal["openai", "anthropic"]

MAX_TOKENS_AT_ONCE: Final = 256
"""How many tokens go into one write at most, when a slow client has let them pile up or the pace is unlimited."""

_JSON: Final = [("content-type", "application/json")]
_EVENT_STREAM: Final = [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")]


class SimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the simulated model behaves."""

    ttft_s: float = 0.2
    """From the request to the first token. The response's head and opening frame go out at once."""
    tokens_per_s: float = 60.0
    """The pace from then on; 0: as fast as the client reads."""
    models: tuple[str, ...] = (SIM_MODEL,)
    """What GET /v1/models lists. Any other name is answered too, and the answer says that it stands in for it."""

    def due_s(self, tokens: int) -> float:
        """When the token after `tokens` others is due, in seconds from the request."""
        return self.ttft_s + (tokens / self.tokens_per_s if self.tokens_per_s else 0)

    def tokens_due(self, elapsed_s: float, sent: int) -> int:
        """How many tokens should have gone out after `elapsed_s`: at least one more than `sent`."""
        if not self.tokens_per_s:
            return sent + MAX_TOKENS_AT_ONCE
        due = int((elapsed_s - self.ttft_s) * self.tokens_per_s) + 1
        return min(max(due, sent + 1), sent + MAX_TOKENS_AT_ONCE)


def sim_handler(settings: SimSettings, dialect: SimDialect = "openai") -> Handler:
    """A handler for sealink.net.serving.Server that is a provider with the simulated model behind it."""
    return _Simulation(settings, OpenAIWire() if dialect == "openai" else AnthropicWire()).handle


class _Simulation:
    def __init__(self, settings: SimSettings, wire: SimWire) -> None:
        self._settings = settings
        self._wire = wire

    async def handle(self, request: Request, responder: Responder) -> None:
        request_id = f"req_{secrets.token_hex(12)}"
        headers = [(self._wire.request_id_header, request_id)]
        try:
            if request.path == self._wire.path:
                _expect("POST", request)
                await self._answer(self._wire.read(request.body), responder, headers)
            else:
                responder.send(200, [*_JSON, *headers], self._other(request))
        except SealinkError as error:
            responder.send(error.status, [*_JSON, *headers, *error.headers], self._wire.error(error, request_id))

    def _other(self, request: Request) -> bytes:
        """What is asked for besides answers: the models, and the wire format's own side questions."""
        path, known = request.path, self._settings.models
        if path in self._wire.side_questions:
            _expect("POST", request)
            return self._wire.side_questions[path](request.body)
        if path != "/v1/models" and not path.startswith("/v1/models/"):
            raise NotFound(f"Unknown request URL: {request.method} {path}.", code="unknown_url")
        _expect("GET", request)
        model = unquote(path.removeprefix("/v1/models").removeprefix("/"))
        if not model:
            return self._wire.models(known)
        if model not in known:
            raise NotFound(f"The model '{model}' does not exist.", code="model_not_found", param="model")
        return self._wire.model(model)

    async def _answer(self, ask: Ask, responder: Responder, headers: HeaderList) -> None:
        reply = Reply(secrets.token_hex(12), int(time.time()))
        given = answers(ask)
        if ask.stream:
            responder.start(200, [*_EVENT_STREAM, *headers])
            await self._play(self._wire.stream(ask, given, reply), responder)
        else:
            await asyncio.sleep(self._settings.due_s(max(each.tokens for each in given)))
            responder.send(200, [*_JSON, *headers], self._wire.whole(ask, given, reply))

    async def _play(self, stream: AnswerStream, responder: Responder) -> None:
        """Each token at its time, reckoned from the start, so that delays do not add up."""
        clock, sent = asyncio.get_running_loop().time, 0
        began_s = clock()
        responder.write(stream.opening)
        while True:
            await asyncio.sleep(began_s + self._settings.due_s(sent) - clock())
            tokens = list(islice(stream.ticks, self._settings.tokens_due(clock() - began_s, sent) - sent))
            if not tokens:
                break
            responder.write(b"".join(tokens))
            sent += len(tokens)
            if responder.paused:
                await responder.drain()
        responder.write(stream.closing)
        responder.finish()


def _expect(method: str, request: Request) -> None:
    if request.method != method:
        raise MethodNotAllowed(f"Not allowed to {request.method} on {request.path}.", headers=[("allow", method)])
