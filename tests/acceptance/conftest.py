"""How many of how many: printed at the end of a run, also when all is well."""

from collections.abc import Callable

import pytest

_TALLIES = pytest.StashKey[list[str]]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[str, int, int], None]:
    """`tally(what, right, of)`: a line of the summary."""
    lines = request.config.stash.setdefault(_TALLIES, [])
    return lambda what, right, of: lines.append(f"{what}: {right} of {of}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_TALLIES, []):
        terminalreporter.write_line(line)
