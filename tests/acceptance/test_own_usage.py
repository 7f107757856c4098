"""What a key's holder is told of it: GET /v1/me, /v1/usage, and the shapes that desktop clients ask for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from acceptance.plain_http import get, post
from acceptance.sealink_process import SealinkProcess, free_port, simulated
from acceptance.usage_rows import settled_rows

CONFIG = f"""{simulated()}
[[models]]
id = "other"
targets = [{{ provider = "sim", model = "sealink/sim" }}]
[[prices]]
provider = "sim"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 10.0
markup_percent = 100
[[teams]]
name = "research"
budget_usd = 5.0
requests_per_minute = 100
[[keys]]
name = "dev"
key = "sk-dev"
team = "research"
models = ["m*"]
expires = 2999-01-01
requests_per_minute = 10
budget_usd = 2.0
budget_period = "month"
[[keys]]
name = "prepaid"
key = "sk-prepaid"
balance_usd = 1.0
[[keys]]
name = "free"
key = "sk-free"
[[keys]]
name = "limited"
key = "sk-limited"
requests_per_minute = 0
"""
PRICE_NANO = 2 * (7_000 + 5 * 10_000)
"""Of a request: 7 tokens in, 5 out; the markup doubles it."""


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    """Each key has asked twice."""
    with SealinkProcess(CONFIG, tmp_path_factory.mktemp("own"), admin_port=free_port()) as running:
        for key in ("dev", "prepaid", "free") * 2:
            body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
            assert post(running.port, "/v1/chat/completions", body, f"sk-{key}").status == 200
        yield running


def asked(sealink: SealinkProcess, path: str, key: str, status: int = 200) -> Any:
    answer = get(sealink.port, path, {"authorization": f"Bearer sk-{key}"})
    assert answer.status == status
    return answer.json


def test_me(sealink: SealinkProcess) -> None:
    spent = 2 * PRICE_NANO / 1e9
    me = asked(sealink, "/v1/me", "dev")
    assert {name: me[name] for name in ("name", "models", "allowed_models", "expires", "balance")} == {
        "name": "dev",
        "models": ["m*"],
        "allowed_models": ["m"],
        "expires": "2999-01-01",
        "balance": None,
    }
    assert (me["limits"], me["remaining"]) == ({"requests_per_minute": 10}, {"requests_per_minute": 8})
    budget = me["budget"]
    assert (budget["budget_usd"], budget["period"]) == (2.0, "month")
    assert (budget["spent_usd"], budget["left_usd"]) == (spent, (2 * 10**9 - 2 * PRICE_NANO) / 1e9)
    assert budget["resets_at"].endswith("-01T00:00:00Z")
    assert me["team"]["name"] == "research"
    assert me["team"]["budget"]["spent_usd"] == spent
    assert me["team"]["budget"]["resets_at"] is None
    prepaid = asked(sealink, "/v1/me", "prepaid")
    assert prepaid["balance"] == {
        "paid_in_usd": 1.0,
        "spent_usd": spent,
        "left_usd": (10**9 - 2 * PRICE_NANO) / 1e9,
    }
    free = asked(sealink, "/v1/me", "free")
    assert (free["limits"], free["budget"], free["balance"], free["team"]) == ({}, None, None, None)


def test_the_keys_own_usage(sealink: SealinkProcess) -> None:
    """Only its own, and only prices."""
    found = asked(sealink, "/v1/usage?by=model,day&since=2020-01-01", "dev")
    assert found["total"]["requests"] == 2
    assert found["total"]["price_nano_usd"] == 2 * PRICE_NANO
    assert [(group["model"], group["requests"]) for group in found["data"]] == [("m", 2)]
    assert "cost" not in json.dumps(found)
    assert asked(sealink, "/v1/usage?until=2020-01-01", "dev")["total"]["requests"] == 0


@pytest.mark.parametrize("below", ["/v1", ""])
def test_what_openais_dashboard_says(sealink: SealinkProcess, below: str) -> None:
    subscription = asked(sealink, f"{below}/dashboard/billing/subscription", "prepaid")
    assert (subscription["object"], subscription["hard_limit_usd"]) == ("billing_subscription", 1.0)
    assert subscription["has_payment_method"] is True
    usage = asked(sealink, f"{below}/dashboard/billing/usage?start_date=2020-01-01&end_date=2999-01-01", "prepaid")
    assert usage["total_usage"] == 2 * PRICE_NANO / 1e7  # cents
    assert usage["daily_costs"][0]["line_items"] == [{"name": "m", "cost": 2 * PRICE_NANO / 1e7}]
    grants = asked(sealink, f"{below}/dashboard/billing/credit_grants", "prepaid")
    assert grants["total_available"] == pytest.approx(grants["total_granted"] - grants["total_used"])
    assert asked(sealink, f"{below}/dashboard/billing/subscription", "free")["hard_limit_usd"] == 100_000_000


def test_what_is_told_of_a_key_elsewhere(sealink: SealinkProcess) -> None:
    data = asked(sealink, "/v1/key", "dev")["data"]
    assert (data["label"], data["limit"], data["limit_reset"]) == ("dev", 2.0, "monthly")
    assert data["limit_remaining"] == (2 * 10**9 - 2 * PRICE_NANO) / 1e9
    assert data["usage"] == data["usage_daily"] == data["usage_weekly"] == data["usage_monthly"] == 2 * PRICE_NANO / 1e9
    assert asked(sealink, "/v1/auth/key", "free")["data"]["limit"] is None
    credits = asked(sealink, "/v1/credits", "prepaid")["data"]
    assert credits["total_credits"] == 1.0
    assert credits["total_usage"] == pytest.approx(2 * PRICE_NANO / 1e9)


@pytest.mark.parametrize("path", ["/v1/me", "/v1/usage", "/v1/key", "/v1/dashboard/billing/usage"])
def test_a_key_is_needed(sealink: SealinkProcess, path: str) -> None:
    asked(sealink, path, "unknown", 401)


@pytest.mark.parametrize("query", ["since=x", "by=key", "by=x", "until=2020-13-01"])
def test_what_cannot_be_read_is_refused(sealink: SealinkProcess, query: str) -> None:
    asked(sealink, f"/v1/usage?{query}", "dev", 400)


def test_all_of_it_reconciles_to_the_row(sealink: SealinkProcess) -> None:
    _, rows = settled_rows(sealink.folder)
    told = sum(asked(sealink, "/v1/usage", key)["total"]["price_nano_usd"] for key in ("dev", "prepaid", "free"))
    assert sum(row["price_nano_usd"] for row in rows) == told == 6 * PRICE_NANO
    assert {row["team"] for row in rows if row["key"] == "dev"} == {"research"}
    assert [row["status"] for row in rows] == [200] * 6


def test_refusals_are_counted(sealink: SealinkProcess) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert [post(sealink.port, "/v1/chat/completions", body, f"sk-{key}").status for key in ("limited", "?")] == [
        429,
        401,
    ]
    lines = get(sealink.admin_port, "/metrics").body.decode().splitlines()
    assert 'sealink_limited_total{code="requests",of="key"} 1.0' in lines
    assert "# TYPE sealink_rejected_keys_total counter" in lines
    (rejected,) = (line.split()[1] for line in lines if line.startswith("sealink_rejected_keys_total "))
    assert float(rejected) >= 1
