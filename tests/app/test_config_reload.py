"""A config that is read again takes effect as a whole, or not at all."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from sealink.app import App
from sealink.config import Config, ConfigError, ProviderConfig, load
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.row import row_of
from sealink.webhooks.outbox import Outbox
from webhook_receiver import SECRET

CONFIG = """
[server]
port = 0
[[providers]]
name = "a"
dialect = "openai"
base_url = "http://127.0.0.1:1/v1"
api_key = "none"
[[models]]
id = "m"
targets = [{ provider = "a", model = "m" }]
[[keys]]
name = "dev"
key = "sk-1"
"""


def test_a_provider_that_cannot_be_made_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sealink.toml").write_text(CONFIG)
    before = load(tmp_path / "sealink.toml")
    moved = msgspec.structs.replace(before.providers[0], base_url="http://127.0.0.1:2/v1")
    changed = [msgspec.structs.replace(moved, name=name) for name in "ab"]
    after = msgspec.structs.replace(before, providers=tuple(changed))

    async def scenario() -> tuple[Config, Config, list[str]]:
        app = App(before, load=lambda: after)
        await app.start()
        make = app._providers._made

        async def fails_for_b(provider: ProviderConfig) -> object:
            if provider.name == "b":
                raise ConfigError("no such thing")
            return await make(provider)

        monkeypatch.setattr(app._providers, "_made", fails_for_b)
        running = app.config
        try:
            with pytest.raises(ConfigError):
                await app.reload()
            return running, app.config, [provider.base_url for provider in app._providers.by_name.values()]
        finally:
            await app.stop()

    running, now, addresses = asyncio.run(scenario())
    assert now is running
    assert addresses == ["http://127.0.0.1:1/v1"]


def test_webhooks_are_warned_by_the_newer_config(tmp_path: Path) -> None:
    webhook = f'[[webhooks]]\nurl = "http://127.0.0.1:1/"\nsecret = "{SECRET}"\n'
    (tmp_path / "sealink.toml").write_text(f"{CONFIG}budget_usd = 1.0\n{webhook}")
    before = load(tmp_path / "sealink.toml")
    after = msgspec.structs.replace(before, limits=msgspec.structs.replace(before.limits, warn_at_percent=40.0))
    admission = Admission(request_id="req_1", key="dev", client="c", streamed=False, started_at=time.time(), model="m")
    table = RequestsTable(before.store.url, timeout_s=20)
    table.migrate()
    table.insert([row_of(admission, Settlement(request_id="req_1", price_nano_usd=500_000_000))])
    table.close()

    async def scenario() -> list[int]:
        app, outbox = App(before, load=lambda: after), Outbox(before.store.url, timeout_s=20)

        def waiting() -> int:
            app._webhooks._take_thresholds(outbox, before.webhooks)
            return sum(each.waiting for each in outbox.backlog())

        await app.start()
        try:
            found = [await asyncio.to_thread(waiting)]
            await app.reload()
            return [*found, await asyncio.to_thread(waiting)]
        finally:
            outbox.close()
            await app.stop()

    assert asyncio.run(scenario()) == [0, 1]
