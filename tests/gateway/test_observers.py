"""Who is told of admissions and settlements: the ledger may refuse, the others cannot do any harm."""

import logging

import pytest
from fakes import FakeLedger, FakeUpstream
from one_exchange import ROLE, STOP, TEXT, Run

from fake_clock import on_fake_clock
from sealink.errors import ServiceUnavailable
from sealink.gateway.observers import Observers
from sealink.ledger.entry import Admission, Settlement
from sealink.wire.framing.sse import DONE


class Notes:
    """An observer that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def admitted(self, admission: Admission) -> None:
        self.told.append(("admitted", admission.request_id))

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        assert admission.request_id == settlement.request_id
        self.told.append(("settled", settlement.ended))


class Broken:
    def admitted(self, admission: Admission) -> None:
        raise ZeroDivisionError

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        raise KeyError(settlement.request_id)


class FullLedger(FakeLedger):
    def admit(self, admission: Admission) -> None:
        raise ServiceUnavailable("No.", code="ledger_unavailable")


@on_fake_clock
async def test_an_observer_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    notes, run = Notes(), Run(FakeUpstream(ROLE, TEXT, STOP, DONE))
    run.services.observers = Observers(run.ledger, Broken(), notes)
    with caplog.at_level(logging.ERROR):
        assert await run.to_the_end() is None
    assert run.responder.body == ROLE + TEXT + STOP + DONE
    assert run.settlement.ended == "done"
    assert notes.told == [("admitted", "req_1"), ("settled", "done")]
    (record,) = caplog.records
    assert "Broken" in record.message
    assert record.exc_info is not None


@on_fake_clock
async def test_what_the_ledger_refuses_nobody_else_is_told_of() -> None:
    notes, run = Notes(), Run(FakeUpstream(ROLE, TEXT, STOP, DONE))
    run.services.observers = Observers(FullLedger(), notes)
    error = await run.to_the_end()
    assert error is not None
    assert error.code == "ledger_unavailable"
    assert notes.told == []
    assert run.pool.requests == []
