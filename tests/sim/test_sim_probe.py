"""Probes: answers of the simulated model that are made to measure."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.sim.probe import MAX_TOKENS_AT_ONCE, Probe, Record, Records, read_probe, stamped, stamps
from sim.simulation import running_sim


@contextmanager
def asked(url: str, probe: Probe, *, stream: bool = True) -> Iterator[HTTPResponse]:
    """The answer to a probe. The connection is closed behind it."""
    parts = urlsplit(url)
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": probe.prompt("Say yes.")}]}
    with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=20)) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        with connection.getresponse() as answer:
            yield answer


def record_of(url: str, name: str) -> Record:
    with asked(url, Probe(report_on=name), stream=False) as answer:
        text = json.loads(answer.read())["choices"][0]["message"]["content"]
    return Record(**json.loads(text))


def test_tokens_come_in_order_with_the_times_of_their_sending() -> None:
    probe = Probe(phases=((3, 0.0), (2, 0.05)), token_chars=50)
    with running_sim() as sim, asked(sim.url, probe) as answer:
        body = answer.read().decode()
    found = stamps(body)
    assert [number for number, _ in found] == [0, 1, 2, 3, 4]
    times = [sent_s for _, sent_s in found]
    assert times == sorted(times)
    assert times[4] - times[2] >= 0.09
    assert body.count("." * 30) == 5
    assert body.endswith("data: [DONE]\n\n")


def test_heartbeats_in_a_pause() -> None:
    probe = Probe(phases=((1, 0.0), (1, 0.2)), heartbeat_s=0.05)
    with running_sim() as sim, asked(sim.url, probe) as answer:
        assert answer.read().count(b"\n: ") >= 1


def test_a_fault_on_demand() -> None:
    with running_sim() as sim, asked(sim.url, Probe(phases=((9, 0.0),), fault="end@4")) as answer:
        assert len(stamps(answer.read().decode())) == 4


def test_what_became_of_a_probe() -> None:
    with running_sim() as sim:
        with asked(sim.url, Probe(phases=((1, 0.0), (1, 600.0)), name="a")) as answer:
            answer.read1()
            assert record_of(sim.url, "a").state == "running"
        while (record := record_of(sim.url, "a")).state == "running":
            pass
        assert record.state == "left"
        with asked(sim.url, Probe(phases=((1, 0.0),), name="b")) as answer:
            answer.read()
        assert record_of(sim.url, "b").state == "complete"
        assert record_of(sim.url, "c").state == "unknown"


def test_the_oldest_records_are_forgotten() -> None:
    records = Records()
    for number in range(2000):
        records.begin(str(number))
    assert '"unknown"' in records.answer("0").blocks[0].text
    assert '"running"' in records.answer("1999").blocks[0].text


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "How are you?",
        "sealink-doctor",
        "sealink-doctor {",
        'sealink-doctor {"phases": 7}',
        'sealink-doctor {"phases": [[-1, 0]]}',
        'sealink-doctor {"phases": [[1, 1e9]]}',
        'sealink-doctor {"token_chars": 99999999}',
        'sealink-doctor {"heartbeat_s": 1e-300}',
        'sealink-doctor {"name": "' + "a" * 101 + '"}',
        'sealink-doctor {"report_on": "' + "a" * 101 + '"}',
        'sealink-doctor {"fault": "long-frame=99999999"}',
        'sealink-doctor {"fault": "close@5,endless"}',
        'sealink-doctor {"phases": [' + "[1, 0]," * 16 + "[1, 0]]}",
    ],
)
def test_prompts_that_are_no_probes(prompt: str) -> None:
    assert read_probe(prompt) is None


phases = st.lists(st.tuples(st.integers(0, 300), st.floats(0, 100)), max_size=5).map(tuple)


@given(phases, st.integers(0, 100), st.text(max_size=20))
def test_a_probe_is_read_as_it_was_written(phases: tuple[tuple[int, float], ...], chars: int, words: str) -> None:
    probe = Probe(phases=phases, token_chars=chars, name=words)
    assert read_probe(probe.prompt(words)) == probe


@given(phases, st.floats(0, 1000), st.integers(0, 100))
def test_the_pace(phases: tuple[tuple[int, float], ...], elapsed_s: float, sent: int) -> None:
    probe = Probe(phases=phases)
    assert probe.due_s(sent) <= probe.due_s(sent + 1)
    assert sent < probe.tokens_due(elapsed_s, sent) <= sent + MAX_TOKENS_AT_ONCE


def test_a_stamp_is_put_in_when_a_token_is_sent() -> None:
    (token,) = Probe(phases=((1, 0.0),)).answer().blocks[0].tokens
    assert stamps(stamped(token.encode(), 1.25).decode()) == [(0, 1.25)]
