"""How soon the first token comes when the first target is dead, or slow.

A real `sealink serve`, with its simulated model for a second target. `refusing` has nobody at its address,
`silent` takes no connection and says nothing, as behind a firewall that drops packets.
"""

import json
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import sealink_command
from acceptance.plain_http import chat_request, dechunked, frames_of
from acceptance.sealink_process import KEY, SealinkProcess

CONNECT_S = 0.05
HEDGE_AFTER_S = 0.1
NOTICED_S = 2.0
"""Nobody gives up earlier unless these two settings say so. What they add to the first token's time is reported."""
REQUESTS = 20

NEVER = "min_attempts = 1000000"
AT_ONCE = "min_attempts = 3\nopen_s = 3600"


@contextmanager
def silent_port() -> Iterator[int]:
    """A port whose queue is full: the kernel answers no more who want to connect."""
    with socket.socket() as listener, ExitStack() as queue:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        while True:
            waiting = queue.enter_context(socket.socket())
            waiting.settimeout(0.2)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that is taken, so that nobody else takes it, and at which nobody listens."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        yield place.getsockname()[1]


@contextmanager
def sealink_with(breaker: str, folder: Path) -> Iterator[SealinkProcess]:
    """Its models are named by what their first targets are."""
    with refusing_port() as refusing, silent_port() as silent:
        tables = [f'[[keys]]\nname = "tests"\nkey = "{KEY}"', f"[timeouts]\nconnect_s = {CONNECT_S}"]
        tables += [f"[breaker]\n{breaker}"]
        tables += ['[[providers]]\nname = "quick"\ndialect = "sim"\nttft_s = 0\ntokens_per_s = 0']
        for name, port in (("refusing", refusing), ("silent", silent)):
            url = f"http://127.0.0.1:{port}/v1"
            tables += [f'[[providers]]\nname = "{name}"\ndialect = "openai"\nbase_url = "{url}"']
        quick = '{ provider = "quick", model = "sealink/sim" }'
        firsts = {
            "alone": "",
            "refusing": '{ provider = "refusing", model = "m" }, ',
            "silent": '{ provider = "silent", model = "m" }, ',
            "stalling": '{ provider = "quick", model = "sealink/sim+stall@0" }, ',
        }
        for name, first in firsts.items():
            hedge = f"hedge_after_s = {HEDGE_AFTER_S}\n" if name == "stalling" else ""
            tables += [f'[[models]]\nid = "{name}"\n{hedge}targets = [{first}{quick}]']
        with SealinkProcess("\n\n".join(tables) + "\n", folder) as sealink:
            yield sealink


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    """A SealinkProcess that tries a dead target again and again."""
    with sealink_with(NEVER, tmp_path_factory.mktemp("patient")) as running:
        yield running


class Client:
    """Asks on one connection, one thing after the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.close = self._socket.close
        self.head = b""

    def ttft_s(self, model: str) -> float:
        """Seconds until there is some of an answer, which is read to its end."""
        request = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": True, "max_tokens": 1}
        began_at = time.perf_counter()
        self._socket.sendall(chat_request(request))
        came = self._socket.recv(65536)
        ttft_s = time.perf_counter() - began_at
        while not came.endswith(b"\r\n0\r\n\r\n"):
            more = self._socket.recv(65536)
            assert more, came
            came += more
        self.head, _, body = came.partition(b"\r\n\r\n")
        *chunks, end = frames_of(b"".join(dechunked(body)))
        assert end == b"[DONE]"
        assert any(choice["delta"].get("content") for chunk in chunks for choice in json.loads(chunk)["choices"])
        return ttft_s


def medians_s(sealink: SealinkProcess, *models: str) -> list[float]:
    """Of each model's TTFT, asked in turn."""
    with closing(Client(sealink.port)) as client:
        rounds = [[client.ttft_s(model) for model in models] for _ in range(REQUESTS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


@pytest.mark.parametrize(("first", "connect_s"), [("refusing", 0.0), ("silent", CONNECT_S)])
def test_a_dead_first_target_costs_the_time_to_connect(
    patient: SealinkProcess, first: str, connect_s: float, report: Callable[[str], None]
) -> None:
    alone_s, fallback_s = medians_s(patient, "alone", first)
    report(
        f"TTFT with a {first} first target: {fallback_s * 1000:.2f} ms (connect_s = {connect_s * 1000:.0f} ms), "
        f"without it {alone_s * 1000:.2f} ms"
    )
    assert connect_s < fallback_s < NOTICED_S


def test_with_an_open_breaker_a_dead_target_costs_nothing(tmp_path: Path, report: Callable[[str], None]) -> None:
    with sealink_with(AT_ONCE, tmp_path) as sealink:
        with closing(Client(sealink.port)) as client:
            for _ in range(3):
                assert client.ttft_s("silent") > CONNECT_S
        alone_s, open_s = medians_s(sealink, "alone", "silent")
        report(
            f"TTFT with a silent first target and an open breaker: {open_s * 1000:.2f} ms, "
            f"without it {alone_s * 1000:.2f} ms"
        )
        row = newest_row(tmp_path)
        assert [attempt["provider"] for attempt in row["attempts"]] == ["quick"]


def test_a_hedge_answers_for_a_target_that_stalls(
    patient: SealinkProcess, tmp_path_factory: pytest.TempPathFactory, report: Callable[[str], None]
) -> None:
    with closing(Client(patient.port)) as client:
        ttft_s = statistics.median(client.ttft_s("stalling") for _ in range(3))
        assert b"x-sealink-fallback: true" in client.head
    report(f"TTFT with a hedge after {HEDGE_AFTER_S * 1000:.0f} ms: {ttft_s * 1000:.2f} ms")
    assert HEDGE_AFTER_S < ttft_s < NOTICED_S
    row = newest_row(patient.folder)
    lost, answered = row["attempts"]
    assert (lost["code"], lost["model"]) == ("hedge_lost", "sealink/sim+stall@0")
    assert lost["usage"]["input_tokens"] == row["input_tokens"] > 0
    assert "code" not in answered
    assert (row["ended"], row["hedge_cost_nano_usd"]) == ("done", 0)


def newest_row(folder: Path) -> Any:
    command = ["usage", "rows", "--last", "1", "--json", "--config", "sealink.toml"]
    return json.loads(sealink_command.run(command, cwd=folder, check=True).stdout)
