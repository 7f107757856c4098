"""What all tests share: where the recorded traffic is, and node with its packages."""

import pytest

import recordings
from outside import node_with_packages


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--recordings",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of recorded provider traffic, instead of ../shared/streams; may be repeated",
    )
    parser.addoption("--rewrite-goldens", action="store_true", help="keep what each client gets now (make goldens)")
    parser.addoption("--goldens-to", metavar="DIR", help="write what each client gets of each recording into DIR")


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest) -> list[recordings.Case]:
    """Every recorded case; the test is skipped where there are none."""
    return recordings.load(recordings.folders(request.config.getoption("--recordings")))


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node. Scripts run in outside.NODE_FOLDER find the `openai` package."""
    return node_with_packages()
