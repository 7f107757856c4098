"""What the log says of a provider's trouble."""

import logging

import pytest

from sealink.policy.breaker import BreakerChange
from sealink.telemetry.target_log import log_target


def test_down_and_up_again(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_target("openai", "gpt-4o", BreakerChange(False, failures=5, attempts=5))
        log_target("openai", "gpt-4o", BreakerChange(True, down_s=40.2))
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "openai:gpt-4o is down: 5 of 5 attempts failed"),
        ("INFO", "openai:gpt-4o is up again after 40 s"),
    ]
