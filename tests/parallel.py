"""Which tests may run beside which when pytest-xdist runs them in several worker processes (`make test`).

The tests of one file run in one worker, in order, so that they share the servers that the file starts. Where no server
is needed, each test function is a unit of its own. Tests marked `serial` come last, with nothing beside them.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

PURE = {"catalog", "config", "policy", "providers", "recorder", "wire"}
"""The folders whose tests start no process and no server."""

WORKERS_PER_CORE = 2
"""The tests of the other folders wait more than they work."""

FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many workers `--numprocesses auto` means."""
    return WORKERS_PER_CORE * (os.cpu_count() or 1)


class ByFile(LoadScopeScheduling):
    """Hands out the units in the order of the tests, to whichever worker is free."""

    def _split_scope(self, nodeid: str) -> str:
        """The name of the unit that a test belongs to."""
        file, _, test = nodeid.partition("::")
        return f"{file}::{test.partition('[')[0]}" if is_pure(file) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """First the tests that wait, then those that keep a core busy, then the `serial` ones."""
    if is_worker(config):
        items.sort(key=lambda item: (is_serial(item), is_pure(item.nodeid)))


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of pytest-xdist's."""
    return hasattr(config, "workerinput")


def is_serial(item: pytest.Item) -> bool:
    return item.get_closest_marker("serial") is not None


def is_pure(nodeid: str) -> bool:
    """Whether a test is in one of the PURE folders: tests/FOLDER/…"""
    return nodeid.split("/")[1] in PURE


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker the folder where the locks are."""
    stash = node.config.stash
    if FOLDER not in stash:
        stash[FOLDER] = Path(tempfile.mkdtemp(prefix="sealink-tests-"))
    node.workerinput["locks"] = str(stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if FOLDER in config.stash:
        shutil.rmtree(config.stash[FOLDER])


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before pytest-timeout begins to count
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a `serial` test wait until no other runs; those that come after it wait at the gate meanwhile."""
    if not is_worker(item.config):
        return (yield)
    folder = Path(item.config.workerinput["locks"])
    with (folder / "gate").open("w") as gate, (folder / "room").open("w") as room:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if is_serial(item) else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        return (yield)
