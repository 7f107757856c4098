"""What the ledger says of a stream whose client left in the middle.

Of every recorded stream, with a client of the chat dialect and with one of the stream's own. Under `drain` it must be
what the provider reported in the end; under `cancel` the o200k count of what was relayed: counted here from what the
client received. The client leaves by closing its half of the connection, so that it still gets all that was on its
way, and then SeaLink's end: from there on nothing was relayed.
"""

import json
import random
import re
import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from acceptance.expectations import as_seen_by
from acceptance.house import House, house
from acceptance.plain_http import chat_request, dechunked, frames_of
from acceptance.readings import Tokens
from acceptance.usage_rows import Row, settled_rows
from recordings import Case
from replay import Answer, Exchange, Request
from sealink.catalog.tokens import count_tokens

DIALECTS = {"openai-chat": "openai", "anthropic-messages": "anthropic"}
PATHS = {"openai-chat": ["/v1/chat/completions"], "anthropic-messages": ["/v1/chat/completions", "/v1/messages"]}
COUNTED_FOR = {"openai-chat": "messages", "anthropic-messages": "chat"}
"""A client of the other dialect is told the counts in SeaLink's sense: cached input and reasoning are part of them."""
PLACES = 2
"""In every stream, at which a client leaves for good."""
ERROR_SHARE, ERROR_TOKENS = 0.05, 2
"""An estimate may be off by 5 %, or by two tokens where that is more: a border between pieces may cost one."""

PATIENCE_S = 10

KEYS = {way: f"sk-sealink-{way}" for way in ("drain", "cancel")}
TABLES = "\n".join(f'[[keys]]\nname = "{way}"\nkey = "{key}"\non_disconnect = "{way}"' for way, key in KEYS.items())
FRAME = re.compile(rb".+?(?:\r?\n\r?\n|$)\s*", re.DOTALL)
DATA = re.compile(rb"^data: ?(\{.*)", re.MULTILINE)
WORDS = ("content", "reasoning", "reasoning_content", "refusal", "tool_calls")
SAID_IN_CHAT = ("content", "reasoning_content", "refusal")
SAID_IN_MESSAGES = ("text", "thinking", "partial_json")
CALL = rb'"tool_calls":\[|"tool_use"'
FINISH = re.compile(rb'"finish_reason": ?"')
END = re.compile(rb'^data: ?(\[DONE\]|\{"type": ?"message_stop"|.*"error": ?\{)', re.MULTILINE)


@dataclass
class Leaving:
    """A client that leaves when the upstream has sent `at` bytes (-1: not even headers), what it got, and its row."""

    number: int
    case: Case
    path: str
    way: str
    at: int
    told: bytes = b""
    row: Row = field(default_factory=dict)


@pytest.fixture(scope="module")
def left(recorded: list[Case], tmp_path_factory: pytest.TempPathFactory) -> list[Leaving]:
    """All of them, over."""
    everyone = leavings([case for case in recorded if case.api in DIALECTS and case.kind == "stream"])
    folder = tmp_path_factory.mktemp("leaving")

    def answer(request: Request) -> Answer:
        leaving = everyone[number_of(request)]
        return Answer(leaving.case.body, headers=leaving.case.headers, held_at=leaving.at)

    models = {leaving.case.id: DIALECTS[leaving.case.api] for leaving in everyone}
    with house(answer, models, folder, tables=TABLES) as running:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda leaving: live(running, leaving), everyone))
        _, rows = settled_rows(folder)
    by_number = {int(row["task_type"]): row for row in rows}
    assert len(by_number) == len(rows) == len(everyone)
    for leaving in everyone:
        leaving.row = by_number[leaving.number]
    return everyone


def leavings(streams: list[Case]) -> list[Leaving]:
    dice = random.Random(6)
    found: list[tuple[Case, str, str, int]] = []
    for case, path in ((each, path) for each in streams for path in PATHS[each.api]):
        at = places(case)
        found.append((case, path, "drain", at[0] if at else -1))
        found += [(case, path, "cancel", place) for place in dice.sample(at, min(len(at), PLACES))]
    return [Leaving(number, *each) for number, each in enumerate(found)]


def places(case: Case) -> list[int]:
    """The ends of the frames from the first words on, up to the one that ends the answer.

    Not behind a chunk with words and a finish reason: it waits for the next one, since more may follow (its words have
    come, and are counted, though the client may leave before they go out).
    """
    ends: list[int] = []
    has_begun = False
    for frame in FRAME.finditer(case.body):
        if END.search(frame[0]):
            break
        speaks = says_words(frame[0])
        has_begun |= speaks
        if has_begun and not (speaks and FINISH.search(frame[0])):
            ends.append(frame.end())
    return ends


def says_words(frame: bytes) -> bool:
    """Whether an upstream's frame has something that a chat client is told."""
    data = DATA.search(frame)
    said = json.loads(data[1]) if data is not None else {}
    if said.get("type") == "content_block_delta":
        return bool(said["delta"].get("text") or said["delta"].get("thinking"))
    deltas = [choice.get("delta") or {} for choice in said.get("choices") or ()]
    return any(delta.get(name) for delta in deltas for name in WORDS)


def live(running: House, leaving: Leaving) -> None:
    """Ask, read the first words, leave."""
    question = {
        "model": leaving.case.id,
        "stream": True,
        "messages": [{"role": "user", "content": f"number {leaving.number}."}],
        "max_tokens": 1024,
        "metadata": {"task_type": str(leaving.number)},
    }
    with socket.create_connection(("127.0.0.1", running.sealink.port), PATIENCE_S) as client:
        client.sendall(chat_request(question, KEYS[leaving.way], leaving.path))
        came = b""
        while leaving.at >= 0 and not (said_in(came) or re.search(CALL, came)):
            data = client.recv(65536)
            assert data, leaving
            came += data
        exchange = exchange_of(running, leaving)
        assert exchange.held.wait(PATIENCE_S)
        client.shutdown(socket.SHUT_WR)
        while data := client.recv(65536):
            came += data
    exchange.release()
    leaving.told = came


def exchange_of(running: House, leaving: Leaving) -> Exchange:
    def found() -> list[Exchange]:
        return [it for it in list(running.upstream.exchanges) if number_of(it.request) == leaving.number]

    running.upstream.wait(found)
    return found()[0]


def number_of(request: Request) -> int:
    found = re.search(rb'"number (\d+)\."', request.body)
    assert found is not None
    return int(found[1])


def said_in(came: bytes) -> dict[str, str]:
    """The words of an answer as far as it came: each choice's text, reasoning and refusal, each call's arguments."""
    said: dict[str, str] = defaultdict(str)
    body = b"".join(dechunked(came.partition(b"\r\n\r\n")[2]))
    for frame in frames_of(body[: body.rfind(b"\n\n") + 2]):
        chunk = json.loads(frame) if frame != b"[DONE]" else {}
        if chunk.get("type") == "content_block_delta":
            chunk["choices"] = [chunk]
        for part in chunk.get("choices", ()):
            for name, words in words_of(part["delta"]):
                said[f"{part['index']} {name}"] += words
    return {name: words for name, words in said.items() if words}


def words_of(delta: dict[str, Any]) -> list[tuple[str, str]]:
    names = SAID_IN_MESSAGES if "type" in delta else SAID_IN_CHAT
    words = [(name, delta.get(name) or "") for name in names]
    return words + [
        (f"call {it['index']}", it["function"].get("arguments", "")) for it in delta.get("tool_calls") or ()
    ]


def test_drained_streams_are_counted_by_their_providers(left: list[Leaving], report: Callable[[str], None]) -> None:
    drained = [leaving for leaving in left if leaving.way == "drain"]
    kinds = Counter(kind_of(leaving.case) for leaving in drained)
    wrong = [f"{leaving.case.id}: {leaving.row}" for leaving in drained if not is_drained_right(leaving)]
    report(f"drained: {len(drained) - len(wrong)} of {len(drained)} rows are right, of answers {dict(kinds)}")
    assert not wrong, "\n".join(wrong)


def kind_of(case: Case) -> str:
    expected = as_seen_by(COUNTED_FOR[case.api], case)
    if expected.failure is not None:
        return "that failed"
    return "with a count" if expected.tokens is not None and expected.tokens.output is not None else "without a count"


def is_drained_right(leaving: Leaving) -> bool:
    """The provider's count where there is one, else an estimate of all that it said."""
    row, kind = leaving.row, kind_of(leaving.case)
    if kind == "with a count":
        tokens = as_seen_by(COUNTED_FOR[leaving.case.api], leaving.case).tokens
        return (row["ended"], row["usage_source"]) == ("drained", "provider") and says(row, tokens)
    if row["ended"] != ("error" if kind == "that failed" else "drained"):
        return False
    if row["usage_source"] is None:  # there were no words before it failed
        return words_in(leaving.case) == 0
    return row["usage_source"] == "estimated" and is_near(row["output_tokens"], words_in(leaving.case))


def test_cancelled_streams_are_counted_as_far_as_they_were_relayed(
    left: list[Leaving], report: Callable[[str], None]
) -> None:
    cancelled = [leaving for leaving in left if leaving.way == "cancel"]
    wrong = [
        f"{leaving.case.id} at {leaving.at}: {relayed(leaving)} tokens were relayed, {leaving.row}"
        for leaving in cancelled
        if leaving.row["ended"] != "client_gone" or not is_cancelled_right(leaving)
    ]
    estimated = [leaving for leaving in cancelled if leaving.row["usage_source"] == "estimated"]
    exact = sum(leaving.row["output_tokens"] == relayed(leaving) for leaving in estimated)
    report(
        f"cancelled: {len(cancelled) - len(wrong)} of {len(cancelled)} rows are right: {len(estimated)} are estimates, "
        f"{exact} of them exact; of the others the provider had already said that it was more"
    )
    assert not wrong, "\n".join(wrong)


def is_cancelled_right(leaving: Leaving) -> bool:
    row, count = leaving.row, relayed(leaving)
    if row["usage_source"] == "estimated":
        return is_near(row["output_tokens"], count)
    counts = map(int, re.findall(rb'"(?:completion|output)_tokens": ?(\d+)', leaving.case.body[: leaving.at]))
    said = {count + apart for count in counts for apart in (0, row["reasoning_tokens"])}
    return row["output_tokens"] in said and row["output_tokens"] >= count - ERROR_TOKENS


def relayed(leaving: Leaving) -> int:
    return tokens_of(said_in(leaving.told).values())


def says(row: Row, tokens: Tokens | None) -> bool:
    """Whether a row has every number that the provider reported."""
    assert tokens is not None
    return all(count in (None, row[f"{name}_tokens"]) for name, count in asdict(tokens).items())


def is_near(estimate: int, count: int) -> bool:
    return abs(estimate - count) <= max(ERROR_TOKENS, ERROR_SHARE * count)


def tokens_of(texts: Iterable[str]) -> int:
    return sum(map(count_tokens, texts))


def words_in(case: Case) -> int:
    """The tokens of all that the vendor's SDK read."""
    said = case.expected.get("partial", case.expected)
    choices = case.expected.get("choices", {"0": said}).values()
    return sum(
        tokens_of([choice["text"], choice["reasoning"], *(call["arguments_raw"] for call in choice["tool_calls"])])
        for choice in choices
    )
