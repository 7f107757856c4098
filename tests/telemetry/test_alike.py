"""Of which kind a request is, so that what has been written of one is kept for the next."""

from typing import Any

import msgspec
import pytest

from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.telemetry import alike
from sealink.telemetry.alike import Kind, Kinds
from sealink.telemetry.layout import Layout
from sealink.usage import Usage

ADMISSION = Admission(request_id="req_1", key="dev", model="fast", client="openai", streamed=True, started_at=0.0)
SETTLEMENT = Settlement(request_id="req_1", provider="openai", served_model="gpt-4o")


def test_ids_times_and_amounts_make_no_other_kind() -> None:
    kinds = Kinds()
    admission = msgspec.structs.replace(ADMISSION, request_id="req_2", started_at=1.0)
    numbers: dict[str, Any] = {"ttft_ms": 1.0, "duration_ms": 2.0, "chunks": 3, "cost_nano_usd": 4, "queued_ms": 5.0}
    settlement = msgspec.structs.replace(SETTLEMENT, request_id="req_2", usage=Usage(1, 2), **numbers)
    kind = kinds.of(ADMISSION, SETTLEMENT)
    assert kinds.of(ADMISSION, SETTLEMENT) is kind
    assert kinds.of(admission, settlement) is kind


@pytest.mark.parametrize(
    ("admission", "settlement"),
    [
        *(({name: "other"}, {}) for name in ("key", "team", "task_type", "client", "model")),
        ({"streamed": False}, {}),
        ({"request_id": "req_10"}, {}),
        *(({}, {name: "other"}) for name in ("provider", "served_model", "code", "usage_source")),
        ({}, {"ended": "error"}),
        ({}, {"ended_by": "client"}),
        ({}, {"status": 499}),
        ({}, {"attempts": [Attempt("a", "b")]}),
    ],
    ids=str,
)
def test_what_else_differs_makes_another_kind(admission: dict[str, Any], settlement: dict[str, Any]) -> None:
    kinds = Kinds()
    other = msgspec.structs.replace(ADMISSION, **admission), msgspec.structs.replace(SETTLEMENT, **settlement)
    assert kinds.of(*other) is not kinds.of(ADMISSION, SETTLEMENT)


def test_kinds_are_forgotten_when_told_and_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "MAX_KINDS", 2)
    kinds = Kinds()
    first = kinds.of(ADMISSION, SETTLEMENT)
    kinds.forget()
    second = kinds.of(ADMISSION, SETTLEMENT)
    assert second is not first
    for key in ("a", "b"):
        kinds.of(msgspec.structs.replace(ADMISSION, key=key), msgspec.structs.replace(SETTLEMENT))
    assert kinds.of(ADMISSION, msgspec.structs.replace(SETTLEMENT)) is not second


def test_long_names_are_not_kept() -> None:
    """A client may send any name, and a provider any code: memory must not grow with them."""
    kinds = Kinds()
    for number in range(3):
        model = f"{number}{'x' * alike.MAX_CHARS}"
        kinds.of(msgspec.structs.replace(ADMISSION, model=model), msgspec.structs.replace(SETTLEMENT))
    assert not kinds._kinds


def test_a_kind_keeps_some_layouts_of_attempts() -> None:
    kind, layout = Kind(), Layout([b""])
    kind.keep_attempt(("openai", "gpt-4o", "x" * alike.MAX_CHARS), layout)
    for number in range(2 * alike.MAX_ATTEMPTS):
        kind.keep_attempt(("openai", "gpt-4o", f"code {number}"), layout)
    assert [*kind.attempt_spans] == [("openai", "gpt-4o", f"code {number}") for number in range(alike.MAX_ATTEMPTS)]
