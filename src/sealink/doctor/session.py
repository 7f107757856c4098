"""The endpoint that is examined: its model, its answers, and what was measured once for several checks."""

import asyncio
import secrets
from typing import Any, Final

import msgspec

from sealink.benchmark.chat_stream import chat_request
from sealink.benchmark.model_list import models_in, models_request
from sealink.doctor.intermediaries import Way, way
from sealink.doctor.plan import Plan
from sealink.doctor.reception import IsEnough, Reception, Stream, never, parsed, receive
from sealink.errors import GatewayTimeout, RateLimited, SealinkError
from sealink.net.client import UpstreamPool
from sealink.net.message import UpstreamRequest
from sealink.sim.probe import Probe, stamps

PROMPT: Final = "Explain in about 100 words how a lighthouse works."
"""For a model that is not the simulated one."""
GREETING: Final = "Answer with the word yes, and nothing else."
_MODELS_TRIED: Final = 5
_LEAST_S: Final = 0.1


class CannotExamine(SealinkError):
    """There is nothing to examine: the endpoint does not answer as one does. The message is for the terminal."""


class Session:
    """`url` ends in /v1. `is_sim`: the far end is SeaLink's simulated model, so that answers are made to measure.

    `headers` are those of a stream, `opened_in_s` how long `open` has taken.
    """

    def __init__(self, url: str, key: str, plan: Plan, pool: UpstreamPool) -> None:
        self.url, self.key, self.plan, self.pool = url.rstrip("/"), key, plan, pool
        self.model = ""
        self.is_sim = False
        self.headers: dict[str, str] = {}
        self.opened_in_s = 0.0
        self._paced: asyncio.Task[tuple[Reception, Stream]] | None = None

    @property
    def way(self) -> Way:
        return way(self.headers)

    async def open(self, model: str) -> None:
        """Find the model, and whether it is the simulated one, within the plan's `answer_s`. Raises SealinkError."""
        if not self.url.startswith(("http://", "https://")):
            raise CannotExamine(f"The URL must begin with http:// or https://: {self.url}")
        clock = asyncio.get_running_loop().time
        until_s, failures = clock() + self.plan.answer_s, []
        for candidate in [model] if model else (await self._listed())[:_MODELS_TRIED]:
            self.model = candidate
            left_s = max(until_s - clock(), _LEAST_S)
            came = await self.stream(Probe(phases=((2, 0.0),)).prompt(GREETING), most_s=left_s)
            if came.status == 200 and (came.is_event_stream or parsed(came).chunks):
                self.is_sim = bool(stamps(parsed(came).text))
                self.headers = came.headers
                self.opened_in_s = clock() - until_s + self.plan.answer_s
                return
            failures.append(refusal(self.url, candidate, came))
        raise CannotExamine(failures[0])

    async def _listed(self) -> list[str]:
        """The models that the endpoint lists, the simulated one first."""
        came = await self.exchange(self.listing())
        try:
            listed = models_in(came.body)
        except ValueError:
            raise CannotExamine(refusal(self.url, "", came)) from None
        if came.status != 200 or not listed:
            raise CannotExamine(f"{self.url}/models lists no model: say which with --model.")
        return listed

    def listing(self) -> UpstreamRequest:
        """The request for the list of models."""
        return models_request(self.url, self.key)

    async def stream(self, prompt: str, is_enough: IsEnough = never, *, most_s: float | None = None) -> Reception:
        """A streamed answer to a prompt."""
        return await self.exchange(self.asking(prompt), is_enough, most_s=most_s)

    async def whole(self, prompt: str, *, most_s: float | None = None, pool: UpstreamPool | None = None) -> Reception:
        """An answer that is not streamed; through another pool of connections if one is given."""
        request = self.asking(prompt)
        body = {"model": self.model, "messages": [{"role": "user", "content": prompt}]}
        return await self.exchange(
            msgspec.structs.replace(request, body=msgspec.json.encode(body)), most_s=most_s, pool=pool
        )

    def asking(self, prompt: str) -> UpstreamRequest:
        """The request for a streamed answer with its usage."""
        return chat_request(
            self.url, self.key, {"model": self.model, "messages": [{"role": "user", "content": prompt}]}
        )

    async def exchange(
        self,
        request: UpstreamRequest,
        is_enough: IsEnough = never,
        *,
        most_s: float | None = None,
        pool: UpstreamPool | None = None,
    ) -> Reception:
        """What a request is answered with, within `most_s` or the plan's `answer_s`. Raises SealinkError if that does
        not begin to come, and RateLimited for status 429, which says nothing about the way."""
        began_s = asyncio.get_running_loop().time()
        until_s = began_s + (most_s or self.plan.answer_s)
        try:
            async with asyncio.timeout_at(until_s):
                answer = await (pool or self.pool).send(request, connect_s=self.plan.connect_s)
        except TimeoutError:
            raise GatewayTimeout(f"{request.url} has not answered within {until_s - began_s:.0f} s.") from None
        came = await receive(answer, began_s, until_s, is_enough)
        if came.status == 429:
            raise RateLimited(error_words(came.body) or f"{request.url} answers 429.")
        return came

    @property
    def paced_stream(self) -> Stream | None:
        """The stream of `paced`, once it is there."""
        task = self._paced
        return task.result()[1] if task and task.done() and not task.cancelled() and not task.exception() else None

    async def paced(self, *, again: bool = False) -> tuple[Reception, Stream]:
        """The stream that several checks look at: tokens at a known pace, where the model is the simulated one. It is
        received once, unless it failed to begin or is asked for `again`."""
        if self._paced is None or again or (self._paced.done() and self.paced_stream is None):
            self._paced = asyncio.create_task(self._receive_paced())
        return await self._paced

    async def _receive_paced(self) -> tuple[Reception, Stream]:
        probe = Probe(phases=self.plan.paced, token_chars=self.plan.token_chars)
        came = await self.stream(probe.prompt() if self.is_sim else PROMPT)
        return came, parsed(came)

    def new_name(self) -> str:
        """A name for a probe that will be asked about."""
        return secrets.token_hex(8)


def refusal(url: str, model: str, came: Reception) -> str:
    """One line that says why an answer is none."""
    path = f"{url}/chat/completions" if model else f"{url}/models"
    if came.error is not None:
        return came.error.message
    if came.status in (301, 302, 303, 307, 308):
        return f"{path} redirects to {came.headers.get('location', 'nowhere')}: give the address that it leads to."
    words = error_words(came.body)
    if came.status in (401, 403):
        return f"{path} does not take the key ({came.status}): {words or 'say it with --key.'}"
    kind = came.headers.get("content-type", "no content type")
    if not words:
        words = f"{kind}, which is not what an OpenAI-compatible endpoint answers"
    hint = "" if url.endswith("/v1") else f" The URL usually ends in /v1: {url}/v1"
    of = f" for the model {model}" if model else ""
    return f"{path} answers {came.status}{of}: {words}{hint}"


def error_words(body: bytes) -> str:
    """The message of an error in OpenAI's shape; "" where there is none."""
    try:
        error = msgspec.json.decode(body, type=dict[str, Any]).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(error.get("message") or "") if isinstance(error, dict) else ""
