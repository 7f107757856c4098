"""Every fault of the simulated model, as it is on the wire: read from a raw socket, byte for byte."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from simulation import AT_ONCE, Simulation, running_sim

from sealink.errors import InvalidRequest
from sealink.sim import FAULT_HEADER, SimSettings
from sealink.sim.faults import (
    FAULTS,
    HEADERS,
    MIDSTREAM,
    Chance,
    Fault,
    described,
    drawn,
    read_chance,
    read_faults,
    split_model,
)

PATIENCE_S = 10.0
QUIET_S = 0.3
"""A connection on which nothing comes for so long, and that is not closed, is taken to be stalled."""
ENOUGH_BYTES = 400_000
"""Of an endless stream."""

TOKENS = 8
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_weather", "get_time")
]


@dataclass
class Seen:
    """What came, and what the connection came to: closed, reset, quiet, or left by the reader when it had enough."""

    raw: bytes
    ended: str

    @property
    def head(self) -> str:
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def chunks(self) -> list[bytes]:
        """The HTTP chunks of the body; an empty one at the end if it is whole."""
        rest, chunks = self.raw.partition(b"\r\n\r\n")[2], []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            chunks.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return chunks

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks) if "chunked" in self.head else self.raw.partition(b"\r\n\r\n")[2]

    @property
    def is_whole(self) -> bool:
        """Whether HTTP's own end has come."""
        return self.chunks[-1:] == [b""]

    @property
    def status(self) -> int:
        return int(self.head.split(" ")[1])

    @property
    def frames(self) -> list[bytes]:
        """What stands between empty lines; if the reader has left, without a frame that was half there."""
        body = self.body.rpartition(b"\n\n")[0] if self.ended == "left" else self.body
        return [frame for frame in body.split(b"\n\n") if frame]

    @property
    def text(self) -> list[str]:
        """The contents of the deltas."""
        chunks = [json.loads(frame.removeprefix(b"data: ")) for frame in self.frames if b'"delta"' in frame]
        return [text for chunk in chunks if (text := chunk["choices"][0]["delta"].get("content"))]


def ask(sim: Simulation, fault: str = "", *, model: str = "m", path: str = "/v1/chat/completions", **more: Any) -> Seen:
    messages = [{"role": "user", "content": "Hello, the weather and the time, please!"}]
    body = {"model": model, "messages": messages, "max_tokens": TOKENS, "stream": True} | more
    sent = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "host: sim", "connection: close", f"content-length: {len(sent)}"]
    lines += [f"{FAULT_HEADER}: {fault}"] if fault else []
    host, _, port = sim.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=QUIET_S) as client:
        client.sendall("\r\n".join([*lines, "\r\n"]).encode() + sent)
        return read(client)


def read(client: socket.socket) -> Seen:
    raw, deadline = bytearray(), time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            data = client.recv(1 << 20)
        except TimeoutError:
            return Seen(bytes(raw), "quiet")
        except ConnectionResetError:
            return Seen(bytes(raw), "reset")
        raw += data
        if not data:
            return Seen(bytes(raw), "closed")
        if len(raw) > ENOUGH_BYTES:
            return Seen(bytes(raw), "left")
    raise AssertionError("it never ends")


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulation]:
    with running_sim(AT_ONCE) as simulation:
        yield simulation


WHOLE_TEXT = ["This", " is", " SeaLink", "'", "s", " simulate", "d", " model"]


def is_cut(seen: Seen, tokens: int, ended: str) -> bool:
    """So many tokens, and no end of the response."""
    return seen.text == WHOLE_TEXT[:tokens] and not seen.is_whole and seen.ended == ended


def is_end(seen: Seen, tokens: int) -> bool:
    """So many tokens, and an end as HTTP has it, but not the answer's."""
    return seen.text == WHOLE_TEXT[:tokens] and seen.is_whole and b"[DONE]" not in seen.body


def is_complete(body: bytes) -> bool:
    return body.endswith(b"data: [DONE]\n\n") and Seen(b"\r\n\r\n" + body, "closed").text == WHOLE_TEXT


def calls_of(seen: Seen) -> list[tuple[int, str | None]]:
    frames = [json.loads(frame[6:]) for frame in seen.frames if b"tool_calls" in frame and b"delta" in frame]
    deltas = [frame["choices"][0]["delta"].get("tool_calls", [{}])[0] for frame in frames]
    return [(call["index"], call.get("id")) for call in deltas if call]


CASES: dict[str, Callable[[Seen], bool]] = {
    "stall@headers": lambda seen: seen == Seen(b"", "quiet"),
    "stall@0": lambda seen: is_cut(seen, 0, "quiet") and len(seen.frames) == 1,
    "stall@3": lambda seen: is_cut(seen, 3, "quiet"),
    "close@headers": lambda seen: seen == Seen(b"", "closed"),
    "close@0": lambda seen: is_cut(seen, 0, "closed") and len(seen.frames) == 1,
    "close": lambda seen: is_cut(seen, MIDSTREAM, "closed"),
    "close@999": lambda seen: is_cut(seen, TOKENS, "closed") and b'finish_reason":"' not in seen.body,
    "reset@headers": lambda seen: seen == Seen(b"", "reset"),
    "reset@0": lambda seen: is_cut(seen, 0, "reset") and len(seen.frames) == 1,
    "reset@2": lambda seen: is_cut(seen, 2, "reset"),
    "end@headers": lambda seen: seen.body == b"" and seen.is_whole and seen.status == 200,
    "end@0": lambda seen: is_end(seen, 0) and len(seen.frames) == 1,
    "end@4": lambda seen: is_end(seen, 4),
    "error@headers": lambda seen: len(seen.frames) == 1 and b'"server_error"' in seen.frames[0] and seen.is_whole,
    "error@0": lambda seen: is_end(seen, 0) and b'"server_error"' in seen.frames[1] and len(seen.frames) == 2,
    "error@3": lambda seen: is_end(seen, 3) and seen.frames[-1].startswith(b'data: {"error":{"message":"The sim'),
    "garbage=40@headers": lambda seen: len(seen.raw) == 40 and min(seen.raw) >= 0x80 and seen.ended == "closed",
    "garbage=9@0": lambda seen: min(seen.chunks[1]) >= 0x80 and len(seen.chunks[1]) == 9,
    "garbage@3": lambda seen: len(seen.chunks[2]) == 64 and min(seen.chunks[2]) >= 0x80 and seen.is_whole,
    "bad-json@3": lambda seen: seen.chunks[2] == b'data: {"type":\n\n' and seen.is_whole,
    "half-utf8@1": lambda seen: seen.frames[2].count(b' caf\xee\x80"') == 1 and seen.is_whole,
    "long-frame=200001@2": lambda seen: max(map(len, seen.text)) == 200_001 and seen.body.endswith(b"[DONE]\n\n"),
    "endless@headers": lambda seen: set(seen.frames[:-1]) == {b": still there"},
    "endless@0": lambda seen: len(set(seen.frames[:-1])) == 1 and seen.frames[0].count(b'"role"') == 1,
    "endless@2": lambda seen: set(seen.text[1:]) == {" is", "This"} and seen.ended == "left",
    "truncate=0": lambda seen: seen.status == 200 and seen.body == b"" and seen.ended == "closed",
    "truncate=333": lambda seen: len(seen.body) == 333 and not seen.is_whole and seen.ended == "closed",
    "truncate=99999": lambda seen: is_complete(seen.body) and not seen.is_whole and seen.ended == "closed",
    "status": lambda seen: seen.status == 500 and b'"server_error"' in seen.body and "retry-after" not in seen.head,
    "status=429": lambda seen: seen.status == 429 and "retry-after" not in seen.head,
    "status=429,retry-after=2": lambda seen: seen.status == 429 and "\r\nretry-after: 2\r\n" in seen.head,
    "status=529,retry-after=0.5": lambda seen: seen.status == 529 and "\r\nretry-after: 0.5\r\n" in seen.head,
    "retry-after=1": lambda seen: is_complete(seen.body),
    "one-byte": lambda seen: {len(chunk) for chunk in seen.chunks[:-1]} == {1} and is_complete(seen.body),
    "crlf": lambda seen: b"\n" not in seen.body.replace(b"\r\n", b"") and is_complete(seen.body.replace(b"\r", b"")),
    "gzip": lambda seen: "content-encoding: gzip" in seen.head and is_complete(gzip.decompress(seen.body)),
    "gzip-unnamed": lambda seen: "encoding: gzip" not in seen.head and is_complete(gzip.decompress(seen.body)),
    "no-end-mark": lambda seen: seen.is_whole and b'"usage":{' in seen.frames[-1] and seen.text == WHOLE_TEXT,
    "no-finish": lambda seen: b'"finish_reason":"' not in seen.body and is_complete(seen.body),
    "double-usage": lambda seen: seen.frames[-3] == seen.frames[-2] and b'"usage":{' in seen.frames[-2],
    "tool-index": lambda seen: is_complete(seen.body),
}


@pytest.mark.parametrize("fault", CASES)
def test_it_is_on_the_wire(sim: Simulation, fault: str) -> None:
    seen = ask(sim, fault, stream_options={"include_usage": True})
    assert CASES[fault](seen), seen


def test_there_is_a_case_for_every_fault() -> None:
    assert {fault.name for text in CASES for fault in read_faults(text, "")} == set(FAULTS)
    assert [line.split(":")[0].split("=")[0].split("@")[0] for line in described().splitlines()] == list(FAULTS)


def test_without_a_fault_all_is_well(sim: Simulation) -> None:
    seen = ask(sim)
    assert is_complete(seen.body)
    assert seen.is_whole
    assert FAULT_HEADER not in seen.head


def test_tool_calls_share_an_index(sim: Simulation) -> None:
    in_order, chaos = ask(sim, tools=TOOLS, max_tokens=99), ask(sim, "tool-index", tools=TOOLS, max_tokens=99)
    assert {index for index, _ in calls_of(in_order)} == {0, 1}
    assert {index for index, _ in calls_of(chaos)} == {0}
    assert len({id for _, id in calls_of(chaos) if id}) == 2


def test_a_stall_may_be_over_in_time(sim: Simulation) -> None:
    began = time.monotonic()
    seen = ask(sim, f"stall={QUIET_S / 3}@headers,stall={QUIET_S / 3}@0,stall={QUIET_S / 3}@4")
    assert time.monotonic() - began >= QUIET_S * 0.99
    assert is_complete(seen.body)


def test_faults_go_together(sim: Simulation) -> None:
    seen = ask(sim, "crlf, one-byte, truncate=400")
    assert seen.body.endswith(b"\r\n\r\n") or b"\r\n" in seen.body
    assert (len(seen.chunks), len(seen.body)) == (400, 400)


def test_the_models_name_may_ask_for_faults(sim: Simulation) -> None:
    seen = ask(sim, model="sealink/sim+status=503,retry-after=7")
    assert (seen.status, "retry-after: 7" in seen.head) == (503, True)
    assert f"{FAULT_HEADER}: status=503,retry-after=7\r\n" in seen.head
    whole = ask(sim, model="sealink/sim+no-end-mark")
    assert b'"model":"sealink/sim"' in whole.frames[0]
    assert f"{FAULT_HEADER}: no-end-mark\r\n" in whole.head + "\r\n"


ANTHROPIC: dict[str, Callable[[Seen], bool]] = {
    "error@2": lambda seen: seen.frames[-1].startswith(b'event: error\ndata: {"type":"error","error":{"type":"server_'),
    "no-end-mark": lambda seen: b"message_delta" in seen.frames[-1] and b"message_stop" not in seen.body,
    "no-finish": lambda seen: b"message_delta" not in seen.body and b"message_stop" in seen.body,
    "double-usage": lambda seen: seen.frames[-3] == seen.frames[-2] and b"message_delta" in seen.frames[-2],
    "tool-index": lambda seen: b'"index":1' not in seen.body and seen.body.count(b"content_block_start") == 4,
    "status=529": lambda seen: seen.status == 529 and b'"overloaded_error"' in seen.body,
    "endless@0": lambda seen: set(seen.frames[:-1]) == {seen.frames[0]},
    "half-utf8@0": lambda seen: b'caf\xee\x80"' in seen.body,
}


@pytest.mark.parametrize("fault", ANTHROPIC)
def test_the_other_dialect_has_them_too(fault: str) -> None:
    tools = [{"name": tool["function"]["name"], "input_schema": tool["function"]["parameters"]} for tool in TOOLS]
    with running_sim(AT_ONCE, "anthropic") as simulation:
        more = {"tools": tools} if fault == "tool-index" else {}
        seen = ask(simulation, fault, path="/v1/messages", **more)
    assert ANTHROPIC[fault](seen), seen


WHOLE: dict[str, Callable[[Seen], bool]] = {
    "close@headers": lambda seen: seen == Seen(b"", "closed"),
    "close": lambda seen: seen.status == 200 and 0.4 < len(seen.body) / 600 < 0.6 and not seen.is_whole,
    "reset@0": lambda seen: seen.body == b"" and seen.ended == "reset",
    "end": lambda seen: b"total_tokens" not in seen.body and seen.is_whole,
    "error@0": lambda seen: seen.body.startswith(b'data: {"error"') and seen.is_whole,
    "truncate=20": lambda seen: len(seen.body) == 20 and not seen.is_whole,
    "gzip": lambda seen: json.loads(gzip.decompress(seen.body))["object"] == "chat.completion",
    "one-byte": lambda seen: json.loads(seen.body)["object"] == "chat.completion",
    "status=500": lambda seen: seen.status == 500,
    "half-utf8@1": lambda seen: b"caf\xee\x80" in seen.body,
}


@pytest.mark.parametrize("fault", WHOLE)
def test_an_answer_that_is_not_streamed_goes_wrong_too(sim: Simulation, fault: str) -> None:
    seen = ask(sim, fault, stream=False)
    assert WHOLE[fault](seen), (len(seen.body), seen)


def test_a_fault_is_spelled_as_it_is_read() -> None:
    text = "stall=1.5@headers,long-frame=10000000@7,garbage=64@0,reset@5,truncate=12,crlf"
    faults = read_faults(text, "")
    assert ",".join(map(str, faults)) == text
    assert faults[0] == Fault("stall", 1.5, HEADERS)
    assert read_faults("reset", "") == [Fault("reset", 0, MIDSTREAM)]
    assert split_model("a/b+c,d") == ("a/b", "c,d")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "There is no fault 'nonsense'"),
        ("close=", "There is no fault 'close='"),
        ("stall@-2", "There is no fault"),
        ("close=3", "takes no value"),
        ("truncate", "truncate=N, in bytes"),
        ("gzip@3", "takes no place"),
    ],
)
def test_a_fault_that_there_is_not_is_refused(sim: Simulation, text: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        read_faults(text, "somewhere")
    seen = ask(sim, model=f"m+{text}")
    assert (seen.status, json.loads(seen.body)["error"]["param"]) == (400, "model")
    assert ask(sim, text).status == 400


@pytest.mark.parametrize("text", ["reset", "reset=2", "reset=-1", "=0.5", "close@3=x", "nonsense=0.5"])
def test_a_chance_must_be_a_probability(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_chance(text)


def test_chances_are_what_they_say() -> None:
    chances = [read_chance("status=429,retry-after=2=0.2"), read_chance("crlf=1"), read_chance("reset=0")]
    assert chances[0] == Chance((Fault("status", 429), Fault("retry-after", 2)), 0.2)
    rolls = [drawn(chances, Random(roll)) for roll in range(1000)]
    assert {len(faults) for faults in rolls} == {1, 3}
    assert 150 < sum(len(faults) == 3 for faults in rolls) < 250


def test_the_same_seed_has_the_same_faults() -> None:
    def statuses(seed: int) -> list[int]:
        settings = SimSettings(ttft_s=0, tokens_per_s=0, chances=(read_chance("status=500=0.5"),), seed=seed)
        with running_sim(settings) as simulation:
            return [ask(simulation).status for _ in range(12)]

    assert set(statuses(1)) == {200, 500}
    assert statuses(1) == statuses(1)


def test_who_asks_for_a_fault_gets_no_other() -> None:
    with running_sim(SimSettings(ttft_s=0, tokens_per_s=0, chances=(read_chance("status=500=1"),))) as simulation:
        assert (ask(simulation).status, ask(simulation, "crlf").status) == (500, 200)
