"""What is filled in C and in Python is tested in both."""

import pytest

from outside import absent
from sealink.telemetry import layout


@pytest.fixture(params=["c", "python"])
def filled_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layouts are filled in C, and then in Python."""
    fill = None if request.param == "python" else layout.fill_in_c or absent("the accelerator was not built")
    monkeypatch.setattr(layout, "fill", fill)
