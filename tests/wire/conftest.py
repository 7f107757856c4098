"""What was recorded of the wire format that a test module is about: its `API` is the recordings' name for it."""

import pytest

from recordings import Case, sampled


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest, recorded: list[Case]) -> list[Case]:
    return [case for case in recorded if case.api == request.module.API]


@pytest.fixture(scope="module")
def streams(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.kind == "stream"]


@pytest.fixture(scope="module")
def swept(streams: list[Case], full: bool) -> list[Case]:
    """The streams that are split and cut at many places: two of each provider's, all with `--full`."""
    return streams if full else sampled(streams)
