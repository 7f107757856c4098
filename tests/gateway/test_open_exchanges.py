"""What is told of open streams to who looks again and again."""

from typing import Any

from sealink.gateway.open_exchanges import OpenExchanges


class Stream:
    """Notes which turns it was asked in."""

    is_stream = True

    def __init__(self) -> None:
        self.turns: list[int] = []

    def row(self, turn: int) -> int:
        self.turns.append(turn)
        return turn


class Other:
    is_stream = False


def test_the_newest_streams_are_told_and_all_are_counted() -> None:
    open_exchanges, streams, other = OpenExchanges(), [Stream() for _ in range(3)], Other()
    added: list[Any] = [*streams, other]
    for each in added:
        open_exchanges.add(each)
    assert open_exchanges.rows(2, "short")[1] == 3
    assert [len(each.turns) for each in streams] == [0, 1, 1]
    assert len(open_exchanges) == 4
    open_exchanges.remove(added[2])
    open_exchanges.remove(added[2])
    assert open_exchanges.rows(2, "short")[1] == 2
    assert [len(each.turns) for each in streams] == [1, 2, 1]
    assert len(open_exchanges) == 3


def test_a_turn_follows_the_one_before_unless_all_is_to_be_told() -> None:
    open_exchanges, stream = OpenExchanges(), Stream()
    added: Any = stream
    open_exchanges.add(added)
    for length in ("whole", "short", "short", "whole", "short"):
        open_exchanges.rows(1, length)  # type: ignore[arg-type]
    assert [after - before for before, after in zip(stream.turns, stream.turns[1:], strict=False)] == [1, 1, 2, 1]
    assert stream.turns[0] > 1
