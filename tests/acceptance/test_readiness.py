"""/health/ready in each of its states. What a load balancer makes of it: deploy/test_compose.py."""

import time
from pathlib import Path

from acceptance.plain_http import get, post_chat
from acceptance.sealink_process import KEY, SealinkProcess, simulated

PATIENCE_S = 20.0
NOTICE_S = 1.5
CONFIG = f"""
[server]
drain_notice_s = {NOTICE_S}
{simulated(ttft_s=0.05)}[[keys]]
name = "dev"
key = "{KEY}"
"""


def fetch(port: int, path: str) -> tuple[int, bytes]:
    answer = get(port, path)
    return answer.status, answer.body


def ask(port: int) -> int:
    return post_chat(port, {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}).status


def test_ready_until_it_stops_and_alive_all_the_time(tmp_path: Path) -> None:
    with SealinkProcess(CONFIG, tmp_path) as process:
        for path in ("/health/live", "/healthz", "/health/ready", "/health"):
            assert fetch(process.port, path) == (200, b'{"status":"ok"}')
        process.terminate()
        deadline = time.monotonic() + PATIENCE_S
        while (found := fetch(process.port, "/health/ready"))[0] == 200:
            assert time.monotonic() < deadline
        assert found == (503, b'{"status":"unavailable","reasons":["SeaLink is stopping."]}')
        assert fetch(process.port, "/healthz")[0] == 200
        assert ask(process.port) == 200
