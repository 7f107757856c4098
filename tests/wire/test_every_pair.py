"""Every recorded stream in front of every client dialect: whole, in pieces, cut and garbled.

Issue 4, "What must be shown", 4: the client dialects' grammars hold on all of it, and a stream that is not whole ends
in exactly one error.
"""

import random
from collections.abc import Iterator

import pytest

from dialects import CLIENTS, DIALECTS
from recordings import Case
from sealink.errors import UpstreamError
from wire.grammars import complaints
from wire.pairs import ends_well, errors_in, is_relayed, lane_of, streamed

CUTS, PIECES, GARBLINGS = 4, 3, 4
"""Per recorded stream and client dialect."""

LONGEST_BYTE_BY_BYTE = 6000


@pytest.fixture(scope="module")
def streams(recorded: list[Case]) -> list[Case]:
    return [case for case in recorded if case.kind == "stream" and case.api in DIALECTS]


def faults(client: str, case: Case, body: bytes, *, is_cut: bool = False, is_garbled: bool = False) -> Iterator[str]:
    """What is wrong with what a client got.

    What is relayed is the upstream's own, and only an OpenAI chat's is mended to keep to the grammar.
    """
    if not is_relayed(client, case.api) or (client == "chat" and not is_garbled):
        yield from complaints(client, body)
    errors = errors_in(client, body)
    if errors + ends_well(client, body) != 1:
        yield f"{errors} errors, {'a' if ends_well(client, body) else 'no'} good end"
    if is_cut and errors != 1:
        yield "a cut stream seems whole"


@pytest.mark.parametrize("client", CLIENTS)
def test_every_stream_keeps_to_the_grammar(client: str, streams: list[Case]) -> None:
    wrong = {}
    for case in streams:
        body, outcome = streamed(client, case, [case.body])
        found = list(faults(client, case, body))
        if (errors_in(client, body) == 1) != (outcome.error is not None):
            found.append(f"the outcome tells of {outcome.error}")
        if found:
            wrong[case.id] = found
    print(f"{client}: {len(streams) - len(wrong)} of {len(streams)}")
    assert not wrong


@pytest.mark.parametrize("client", CLIENTS)
def test_it_does_not_show_how_the_network_cuts_a_stream_in_pieces(client: str, swept: list[Case]) -> None:
    wrong = []
    for case in swept:
        want, chance = streamed(client, case, [case.body])[0], random.Random(case.id)
        ways = [in_pieces(case.body, chance) for _ in range(PIECES)]
        if len(case.body) <= LONGEST_BYTE_BY_BYTE:
            ways.append([case.body[at : at + 1] for at in range(len(case.body))])
        if any(streamed(client, case, pieces)[0] != want for pieces in ways):
            wrong.append(case.id)
    assert not wrong


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("cause", [None, UpstreamError("reset", code="upstream_reset")], ids=["ended", "reset"])
def test_a_stream_cut_anywhere_ends_in_one_error(client: str, cause: UpstreamError | None, swept: list[Case]) -> None:
    """But for one that had said all it has to say."""
    wrong = {}
    for case in swept:
        chance = random.Random(case.id + client)
        for at in (chance.randrange(len(case.body)) for _ in range(CUTS)):
            lane = lane_of(client, case)
            body = lane.feed(case.body[:at]) + lane.close(cause)
            found = list(faults(client, case, body, is_cut=not lane.outcome.complete))
            if lane.feed(case.body[at:]) or lane.close(None):
                found.append("something follows the end")
            if found:
                wrong[f"{case.id} cut at {at}"] = found
    assert not wrong


@pytest.mark.parametrize("client", CLIENTS)
def test_a_garbled_stream_ends_in_one_error_or_well(client: str, swept: list[Case]) -> None:
    """Bytes changed, lost and doubled, frames lost, doubled and moved: nothing but the project's own errors."""
    wrong = {}
    for case in swept:
        chance = random.Random(case.id + client)
        for number in range(GARBLINGS):
            garbled = garble(case, chance)
            body, outcome = streamed(client, case, in_pieces(garbled, chance))
            found = list(faults(client, case, body, is_garbled=True))
            if (outcome.error is None) != outcome.complete:
                found.append(f"complete: {outcome.complete}, error: {outcome.error}")
            if found:
                wrong[f"{case.id} garbled {number}"] = found
    assert not wrong


def in_pieces(body: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(12)))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def garble(case: Case, chance: random.Random) -> bytes:
    """A stream with something wrong in it."""
    if case.framing != "aws-eventstream" and chance.random() < 0.5:
        return _with_frames_moved(case, chance)
    body = bytearray(case.body)
    for _ in range(chance.randrange(1, 4)):
        at, size = chance.randrange(len(body)), chance.randrange(1, 40)
        match chance.randrange(3):
            case 0:
                body[at] = chance.randrange(256)
            case 1 if len(body) > size + 1:
                del body[at : at + size]
            case _:
                body[at:at] = body[at : at + size]
    return bytes(body)


def _with_frames_moved(case: Case, chance: random.Random) -> bytes:
    between = b"\n\n" if case.framing == "sse" and b"\n\n" in case.body else b"\n"
    frames = case.body.split(between)
    at, to = chance.randrange(len(frames)), chance.randrange(len(frames))
    match chance.randrange(3):
        case 0:
            del frames[at]
        case 1:
            frames.insert(to, frames[at])
        case _:
            frames.insert(to, frames.pop(at))
    return between.join(frames)
