"""What was lately used of limits, by the rows in the store."""

import time
from typing import Any

from sealink.app.limits.recent_use import RecentUse
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.row import row_of
from sealink.limits.subjects import Recorded, Subject
from sealink.policy.limits import UsageLimits
from sealink.usage import Usage

LIMITS = UsageLimits(requests_per_minute=9, tokens_per_minute=9, requests_per_day=9)


def row(number: int, ago_s: float, ended: Any = "done", **admitted: Any) -> dict[str, Any]:
    request_id = f"req_{number}"
    admission = Admission(
        request_id=request_id, client="c", streamed=False, started_at=time.time() - ago_s, **{"key": "dev", **admitted}
    )
    usage = None if ended == "refused" else Usage(input_tokens=10, output_tokens=5)
    return row_of(admission, Settlement(request_id=request_id, ended=ended, usage=usage))


def test_the_last_minute_and_the_last_day_of_each_subject(store_url: str) -> None:
    table = RequestsTable(store_url, timeout_s=20)
    table.migrate()
    table.insert(
        [
            row(1, 1, model="a-1"),
            row(2, 2, team="blue", model="a-2"),
            row(3, 3, team="blue", key="other", model="b"),
            row(4, 4, ended="refused", team="blue", model="a-1"),
            row(5, 3600, team="blue", model="a-1"),
            row(6, 90_000, team="blue", model="a-1"),
        ]
    )
    table.close()
    recent = RecentUse(store_url)
    assert recent(Subject("key:dev", LIMITS)) == Recorded(2, 30, 3)
    assert recent(Subject("team:blue", LIMITS)) == Recorded(2, 30, 3)
    assert recent(Subject("model:a-*", LIMITS)) == Recorded(2, 30, 3)
    assert recent(Subject("key:other", LIMITS)) == Recorded(1, 15, 1)
    assert recent(Subject("key:dev", UsageLimits(requests_per_day=9))) == Recorded(0, 0, 3)
    assert recent(Subject("key:dev", UsageLimits(concurrent_streams=9))) == Recorded()
