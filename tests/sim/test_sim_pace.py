"""When the simulated model's tokens go out: on the fake clock, and over a real socket."""

import asyncio
import json
import socket
import time

import pytest
from simulation import running_sim

from fake_clock import run_on_fake_clock
from sealink.net.message import Request
from sealink.sim import SimDialect, SimSettings, sim_handler
from sealink.sim.handler import MAX_TOKENS_AT_ONCE


class Recorder:
    """A Responder that notes what was written when. It is `slow_s` behind with each write if told so."""

    def __init__(self, slow_s: float = 0) -> None:
        self.started = self.gone = self.too_slow = self.finished = False
        self.on_gone = None
        self.paused = slow_s > 0
        self.status = 0
        self.writes: list[tuple[float, bytes]] = []
        self._slow_s = slow_s

    def send(self, status: int, headers: object, body: bytes) -> None:
        self.start(status, headers)
        self.write(body)
        self.finish()

    def start(self, status: int, headers: object) -> None:
        self.started, self.status = True, status

    def write(self, data: bytes) -> None:
        self.writes.append((round(asyncio.get_running_loop().time(), 6), data))

    async def flush(self) -> None:
        await asyncio.sleep(self._slow_s)

    def finish(self) -> None:
        self.finished = True

    def abort(self) -> None:
        raise AssertionError("nothing here is aborted")


def played(settings: SimSettings, *, slow_s: float = 0, dialect: SimDialect = "openai", **params: object) -> Recorder:
    asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 10, "stream": True} | params
    path = "/v1/chat/completions" if dialect == "openai" else "/v1/messages"
    recorder = Recorder(slow_s)
    request = Request("POST", path, "", {}, json.dumps(asked).encode())
    run_on_fake_clock(sim_handler(settings, dialect)(request, recorder))
    assert recorder.finished
    return recorder


def times(recorder: Recorder) -> list[float]:
    return [at_s for at_s, _ in recorder.writes]


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_each_token_goes_out_at_its_time(dialect: SimDialect) -> None:
    recorder = played(SimSettings(ttft_s=0.2, tokens_per_s=50), dialect=dialect)
    assert times(recorder) == [0, *(round(0.2 + token / 50, 6) for token in range(11))]


def test_choices_go_out_together() -> None:
    recorder = played(SimSettings(ttft_s=0.2, tokens_per_s=50), n=3)
    assert times(recorder)[1:] == [round(0.2 + token / 50, 6) for token in range(11)]
    assert [data.count(b"data: ") for _, data in recorder.writes] == [3] * 11 + [4]


def test_delays_do_not_add_up_and_what_is_due_together_goes_together() -> None:
    recorder = played(SimSettings(ttft_s=0, tokens_per_s=100), slow_s=0.035)
    assert [(at_s, data.count(b"data: ")) for at_s, data in recorder.writes] == [
        (0, 1), (0, 1), (0.035, 3), (0.07, 4), (0.105, 2), (0.14, 2),
    ]  # fmt: skip


def test_as_fast_as_possible_takes_no_time() -> None:
    recorder = played(SimSettings(ttft_s=0, tokens_per_s=0))
    assert set(times(recorder)) == {0}


def test_what_goes_into_one_write_is_bounded() -> None:
    long = {"messages": [{"role": "user", "content": "Write 1000 tokens"}], "max_tokens": 1000}
    recorder = played(SimSettings(ttft_s=0, tokens_per_s=0), **long)
    assert max(data.count(b"data: ") for _, data in recorder.writes) == MAX_TOKENS_AT_ONCE
    assert len(recorder.writes) == 2 + -(-1000 // MAX_TOKENS_AT_ONCE)


def test_a_whole_answer_takes_as_long_as_its_tokens() -> None:
    assert times(played(SimSettings(ttft_s=0.5, tokens_per_s=20), stream=False)) == [1.0]


def test_an_error_is_answered_at_once() -> None:
    recorder = played(SimSettings(ttft_s=5), messages=[])
    assert (recorder.status, times(recorder)) == (400, [0])


def test_the_default_pace_is_that_of_a_model() -> None:
    assert (SimSettings().ttft_s, SimSettings().tokens_per_s) == (0.2, 60)


def test_it_stops_when_the_client_leaves() -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Write 9000 words"}], "stream": True})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-length: {len(body)}\r\n\r\n"
    with running_sim(SimSettings(ttft_s=0, tokens_per_s=100)) as sim:
        host, _, port = sim.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall((head + body).encode())
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
            assert sim.server.open_requests == 1
        gone_s = time.monotonic()
        while sim.server.open_requests:
            assert time.monotonic() - gone_s < 5
            time.sleep(0.001)
