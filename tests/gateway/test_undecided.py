"""Requests that a gate decides on later: by a call with the answer, or in a task where there is more to wait for."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes import FakeLedger, FakeResponder
from test_admission import BODY, ROUTER, Log, Slow

from fake_clock import on_fake_clock
from sealink.access.configured import Configured, ConfiguredKey
from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey
from sealink.errors import RateLimited, SealinkError, ServiceUnavailable, ShuttingDown
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.gate import Gate
from sealink.gateway.model_api import ModelApi
from sealink.gateway.observers import Observers
from sealink.gateway.undecided import Undecided
from sealink.http import RequestContext
from sealink.limits.asked import Asked
from sealink.net.message import Request
from sealink.wire.dialects import openai_chat

FULL = RateLimited("Too many.", code="requests")


class Elsewhere(Asked[Awaitable[None] | None], eq=False):
    """A gate that has asked elsewhere, and what it has asked."""

    _decision: Exception | Callable[[], Awaitable[None]] | None = None
    is_given_up: bool = False

    def admit(self, request: AdmittedRequest) -> Asked[Awaitable[None] | None]:
        return self

    def answer(self) -> None:
        assert self.on_answer is not None
        self.on_answer()

    def decide(self) -> Awaitable[None] | None:
        if isinstance(self._decision, Exception):
            raise self._decision
        return None if self._decision is None else self._decision()

    def give_up(self) -> None:
        self.is_given_up = True


class House:
    """One request that came to these gates, and how it went on."""

    def __init__(self, *gates: Gate, begin: Exception | None = None) -> None:
        keyring = Keyring(Configured((ConfiguredKey(ApiKey(name="dev"), "sk-1", "sealink.toml:1"),)))
        self.ledger, self.responder = FakeLedger(), FakeResponder()
        self.begun: list[str] = []
        self._error = begin
        control = AdmissionControl(keyring, ROUTER, Observers(self.ledger), gates)
        request = Request("POST", "/v1/chat/completions", "", {"x-api-key": "sk-1"}, BODY, id="req_1")
        context, api = RequestContext("req_1", self.responder.refuse), ModelApi(openai_chat.CLIENT, "off")
        found = control.admit(request, self.responder, context, api)
        assert isinstance(found, Undecided)
        self.undecided = found

    def then(self) -> "House":
        self.undecided.then(self._begin, self.responder.refuse)
        assert self.responder.owner is self.undecided
        return self

    def _begin(self, admitted: AdmittedRequest) -> None:
        if self._error is not None:
            raise self._error
        self.begun.append(admitted.request_id)

    @property
    def rows(self) -> list[tuple[str, int | None]]:
        return [(each.ended, each.status) for each in self.ledger.settled]


async def turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@on_fake_clock
async def test_the_answer_lets_it_in_without_a_task() -> None:
    gate, behind = Elsewhere(), Log()
    house = House(gate, behind).then()
    before = asyncio.all_tasks()
    assert (house.begun, behind) == ([], [])
    gate.answer()
    assert (house.begun, behind, house.rows) == (["req_1"], ["gpt-4o"], [])
    assert asyncio.all_tasks() == before


@on_fake_clock
async def test_the_answer_refuses_it() -> None:
    gate, behind = Elsewhere(FULL), Log()
    house = House(gate, behind).then()
    gate.answer()
    assert (house.begun, behind, house.rows) == ([], [], [("refused", 429)])
    assert (house.responder.refused, house.responder.owner, house.responder.bug) == (FULL, None, None)


@on_fake_clock
async def test_a_gate_behind_may_refuse_it_or_ask_elsewhere_too() -> None:
    first, second, last = Elsewhere(), Elsewhere(), Elsewhere(FULL)
    house = House(first, Log(), second, last).then()
    first.answer()
    assert last.on_answer is None  # it is not asked before the one in front has decided
    second.answer()
    last.answer()
    assert (house.begun, house.responder.refused) == ([], FULL)


@pytest.mark.parametrize("error", [None, FULL])
@on_fake_clock
async def test_where_there_is_more_to_wait_for_a_task_does(error: SealinkError | None) -> None:
    gate, behind = Elsewhere(lambda: Slow(error).admit(None)), Log()  # type: ignore[arg-type]
    house = House(gate, behind).then()
    gate.answer()
    await turns()
    assert house.begun == []
    await asyncio.sleep(2)
    if error is None:
        assert (house.begun, behind, house.rows) == (["req_1"], ["gpt-4o"], [])
    else:
        assert (house.begun, behind, house.rows) == ([], [], [("refused", 429)])
        assert (house.responder.refused, house.responder.owner) == (error, None)


@pytest.mark.parametrize("waits", [False, True])
@on_fake_clock
async def test_a_client_that_leaves_meanwhile_has_a_row(waits: bool) -> None:
    gate = Elsewhere(lambda: Slow().admit(None)) if waits else Elsewhere()  # type: ignore[arg-type]
    house = House(gate).then()
    if waits:
        gate.answer()
        await turns()
    house.responder.leave()
    await turns()
    assert (house.begun, house.rows, house.responder.owner) == ([], [("client_gone", 499)], None)
    assert gate.is_given_up is not waits


@on_fake_clock
async def test_a_client_that_leaves_before_the_task_has_run_has_a_row() -> None:
    async def never() -> None:
        await asyncio.sleep(1)

    coroutine = never()
    gate = Elsewhere(lambda: coroutine)
    house = House(gate).then()
    gate.answer()
    house.responder.leave()
    await turns()
    coroutine.close()
    assert (house.begun, house.rows, house.responder.owner) == ([], [("client_gone", 499)], None)


@pytest.mark.parametrize("waits", [False, True])
@on_fake_clock
async def test_when_sealink_stops_the_client_is_told(waits: bool) -> None:
    gate: Gate = Slow() if waits else Elsewhere()
    house = House(gate).then()
    await turns()
    house.undecided.shut_down()
    await turns()
    assert (house.begun, house.rows, house.responder.owner) == ([], [("stopped", 503)], None)
    assert isinstance(house.responder.refused, ShuttingDown)


@pytest.mark.parametrize("error", [ServiceUnavailable("The ledger is full."), ValueError("a bug")])
@on_fake_clock
async def test_what_goes_wrong_when_it_begins_is_not_lost(error: Exception) -> None:
    gate = Elsewhere()
    house = House(gate, begin=error).then()
    gate.answer()
    told = house.responder.refused, house.responder.bug
    assert told == ((error, None) if isinstance(error, SealinkError) else (None, error))
    assert (house.responder.owner, house.rows) == (None, [])


@pytest.mark.parametrize("waits", [False, True])
@on_fake_clock
async def test_a_bug_of_a_gate_is_not_lost(waits: bool) -> None:
    bug = ValueError("a bug")

    async def fail() -> None:
        raise bug

    gate = Elsewhere(fail if waits else bug)
    house = House(gate).then()
    gate.answer()
    await turns()
    assert (house.responder.bug, house.responder.owner, house.begun) == (bug, None, [])


@on_fake_clock
async def test_it_may_be_awaited_instead() -> None:
    gate = Elsewhere(lambda: Slow().admit(None))  # type: ignore[arg-type]
    house = House(gate)
    waiting = asyncio.ensure_future(house.undecided._awaited())
    await turns()
    gate.answer()
    assert (await waiting).request_id == "req_1"
    left = Elsewhere()
    house = House(left)
    waiting = asyncio.ensure_future(house.undecided._awaited())
    await turns()
    house.responder.leave()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (left.is_given_up, house.rows) == (True, [("client_gone", 499)])
