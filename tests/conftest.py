"""What all tests share: options, Hypothesis's settings, the recorded traffic, node, and the summary.

What runs in parallel is said in parallel.py.
"""

import gc
import os
from collections.abc import Callable

import hypothesis
import pytest

import recordings
from outside import node_with_packages

pytest_plugins = ["parallel", "stores"]

gc.disable()  # what is imported and collected stays: looking for garbage in it takes a third of the time

EXAMPLES, EXAMPLES_IN_FULL = 30, 500
"""How many examples Hypothesis tries, unless a test says otherwise."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--recordings",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of recorded provider traffic, instead of ../shared/streams; may be repeated",
    )
    parser.addoption(
        "--faults",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of fault cases, instead of ../shared/faults; may be repeated",
    )
    parser.addoption("--full", action="store_true", help="sweep all cases instead of a fixed sample (make test-full)")
    parser.addoption("--rewrite-goldens", action="store_true", help="keep what each client gets now (make goldens)")
    parser.addoption("--goldens-to", metavar="DIR", help="write what each client gets of each recording into DIR")


def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis: the same examples each time in CI, and no deadline, for other tests run at the same time."""
    hypothesis.settings.register_profile(
        "sealink",
        max_examples=EXAMPLES_IN_FULL if config.getoption("--full") else EXAMPLES,
        derandomize=os.environ.get("CI") == "true",
        deadline=None,
        print_blob=True,
    )
    hypothesis.settings.load_profile("sealink")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without `--full`, leave out what is marked `full`."""
    if not config.getoption("--full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        items[:] = [item for item in items if not item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """Spare the collector what has been imported and collected: walking it takes a second each time."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the sweeps run in full. Without `--full` they take a sample, the same in each run."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest) -> list[recordings.Case]:
    """Every recorded case; the test is skipped where there are none."""
    return recordings.load(recordings.folders(request.config.getoption("--recordings")))


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node. Scripts run in outside.NODE_FOLDER find the `openai` package."""
    return node_with_packages()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to the summary, whether the test passes or fails: what it measured, or a row of a table."""
    return lambda line: request.node.user_properties.append(("report", line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tests = [test for outcome in ("passed", "failed") for test in terminalreporter.getreports(outcome)]
    for test in sorted(tests, key=lambda test: test.nodeid):
        if test.when == "call":
            for name, line in test.user_properties:
                if name == "report":
                    terminalreporter.write_line(str(line))
