"""What passed admission and is refused by the ledger is undone, and is never settled."""

import pytest

from sealink.errors import ServiceUnavailable
from sealink.gateway.observers import Observers
from sealink.ledger.entry import Admission, Settlement

ADMISSION = Admission(request_id="req_1", key="dev", client="openai", streamed=False, started_at=1.0)


class FullDisk:
    def admit(self, admission: Admission) -> None:
        raise ServiceUnavailable("full", code="ledger_unavailable")

    def settle(self, settlement: Settlement) -> None: ...


def test_a_request_that_the_ledger_refuses_gives_back_what_it_holds() -> None:
    undone: list[Admission] = []
    with pytest.raises(ServiceUnavailable):
        Observers(FullDisk(), undo=undone.append).admitted(ADMISSION)
    assert undone == [ADMISSION]
