"""How a process learns of changes: again and again; while the store is away, it goes on with what it knows."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from sealink.access.configured import Configured, ConfiguredKey
from sealink.access.credential import Changes
from sealink.access.key_watch import KeyWatch
from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey, KeyRules
from sealink.access.tables.access_store import AccessStore
from sealink.access.tables.key_table import KeyTable
from sealink.errors import AuthenticationError, ServiceUnavailable
from sealink.store.errors import StoreTooNew, StoreUnavailable

CONFIGURED = Configured((ConfiguredKey(ApiKey(name="file"), "sk-file", "sealink.toml:3"),))
PATIENCE_S = 20.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AccessStore]:
    opened = AccessStore(f"sqlite:///{tmp_path}/sealink.db", CONFIGURED)
    yield opened
    opened.close()


class FlakyStore:
    """A store that raises what it is told to."""

    def __init__(self, store: AccessStore) -> None:
        self.error: Exception | None = None
        self.looked = Event()
        self._store = store

    def changed_since(self, number: int) -> Changes | None:
        self.looked.set()
        if self.error is not None:
            raise self.error
        return self._store.changed_since(number)


def watch_on(
    tmp_path: Path, keyring: Keyring, store: object, changed: Callable[[Changes], None] = lambda changes: None
) -> KeyWatch:
    url = f"sqlite:///{tmp_path}/sealink.db"
    return KeyWatch(keyring, lambda: store, store_url=url, poll_s=0.01, on_changed=changed)  # type: ignore[arg-type, return-value]


def names_in_force(keyring: Keyring, *secrets: str) -> list[str | int]:
    """Each secret's key, or the status of its refusal."""
    found: list[str | int] = []
    for secret in secrets:
        try:
            found.append(keyring.authenticate({"x-api-key": secret}).name)
        except (AuthenticationError, ServiceUnavailable) as error:
            found.append(error.status)
    return found


def test_without_a_file_there_is_nothing_to_learn_and_none_is_made(tmp_path: Path) -> None:
    keyring = Keyring(CONFIGURED)
    watch = watch_on(tmp_path, keyring, store=None)
    assert not watch.has_store
    watch.look()
    assert not list(tmp_path.iterdir())
    assert keyring.is_complete


def test_each_look_finds_what_has_changed(tmp_path: Path, store: AccessStore) -> None:
    keyring, keys = Keyring(CONFIGURED), KeyTable(store)
    told: list[Changes] = []
    watch = watch_on(tmp_path, keyring, store, told.append)
    _, first = keys.create("a", KeyRules(), "test")
    watch.look()
    _, second = keys.create("b", KeyRules(), "test")
    assert names_in_force(keyring, first, second, "sk-file") == ["a", 401, "file"]
    watch.look()
    assert names_in_force(keyring, first, second) == ["a", "b"]
    keys.revoke("a", "test")
    watch.look()
    assert names_in_force(keyring, first, second) == [401, "b"]
    assert [changes.ended_keys for changes in told] == [set(), set(), set()]
    keys.revoke("b", "test", end_streams=True)
    watch.look()
    watch.look()
    assert [changes.ended_keys for changes in told[3:]] == [{"b"}]


def test_while_the_store_is_away_keys_stay_as_they_are_and_the_log_says_it_once(
    tmp_path: Path, store: AccessStore, caplog: pytest.LogCaptureFixture
) -> None:
    keyring, keys, flaky = Keyring(CONFIGURED), KeyTable(store), FlakyStore(store)
    watch = watch_on(tmp_path, keyring, flaky)
    _, first = keys.create("a", KeyRules(), "test")
    watch.look()
    flaky.error = StoreUnavailable("connection refused")
    _, second = keys.create("b", KeyRules(), "test")
    for _ in range(3):
        watch.look()
    assert names_in_force(keyring, first, second) == ["a", 401]
    flaky.error = None
    for _ in range(3):
        watch.look()
    assert names_in_force(keyring, first, second) == ["a", "b"]
    told = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 2
    assert "cannot be read" in told[0]
    assert "connection refused" in told[0]
    assert "can be read again" in told[1]


def test_a_store_that_is_away_at_the_start_is_no_reason_to_call_a_key_wrong(tmp_path: Path, store: AccessStore) -> None:
    keyring, flaky = Keyring(CONFIGURED), FlakyStore(store)
    _, secret = KeyTable(store).create("a", KeyRules(), "test")
    keyring.is_complete = False
    flaky.error = StoreUnavailable("connection refused")
    watch = watch_on(tmp_path, keyring, flaky)
    watch.look()
    assert names_in_force(keyring, secret, "sk-file") == [503, "file"]
    flaky.error = None
    watch.look()
    assert names_in_force(keyring, secret, "sk-wrong") == ["a", 401]


def test_a_newer_store_is_refused_at_the_start_and_only_told_later(
    tmp_path: Path, store: AccessStore, caplog: pytest.LogCaptureFixture
) -> None:
    keyring, flaky = Keyring(CONFIGURED), FlakyStore(store)
    KeyTable(store).create("a", KeyRules(), "test")
    flaky.error = StoreTooNew("the store is of version 9999")
    watch = watch_on(tmp_path, keyring, flaky)
    with pytest.raises(StoreTooNew):
        watch.look()
    flaky.looked.clear()
    watch.start()
    for _ in range(3):
        assert flaky.looked.wait(PATIENCE_S)
        flaky.looked.clear()
    watch.stop(PATIENCE_S)
    assert len([record for record in caplog.records if "9999" in record.message]) == 1


def test_the_thread_looks_when_it_is_woken(tmp_path: Path, store: AccessStore) -> None:
    keyring, flaky = Keyring(CONFIGURED), FlakyStore(store)
    KeyTable(store).create("a", KeyRules(), "test")
    url = f"sqlite:///{tmp_path}/sealink.db"
    watch = KeyWatch(keyring, lambda: flaky, store_url=url, poll_s=1000.0, on_changed=lambda changes: None)  # type: ignore[arg-type, return-value]
    watch.start()
    assert flaky.looked.wait(PATIENCE_S)
    flaky.looked.clear()
    watch.wake()
    assert flaky.looked.wait(PATIENCE_S)
    watch.stop(PATIENCE_S)


def test_a_key_that_the_config_hides_is_told(
    tmp_path: Path, store: AccessStore, caplog: pytest.LogCaptureFixture
) -> None:
    made_before = AccessStore(f"sqlite:///{tmp_path}/sealink.db", Configured())
    _, secret = KeyTable(made_before).create("file", KeyRules(), "test")
    made_before.close()
    keyring = Keyring(CONFIGURED)
    watch_on(tmp_path, keyring, store).look()
    assert names_in_force(keyring, secret, "sk-file") == [401, "file"]
    assert "'file' of the store is not in force" in caplog.text
