"""A timeline is bounded, and keeps how it ended."""

from sealink.ledger.timeline import MAX_OF_A_KIND, Timeline


def test_marks_are_kept_in_order() -> None:
    timeline = Timeline()
    timeline.mark("admitted", 0.0)
    timeline.mark("first_content", 123.457)
    assert timeline.marks == [("admitted", 0.0), ("first_content", 123.457)]


def test_a_stream_of_gaps_and_heartbeats_does_not_hide_the_end() -> None:
    timeline = Timeline()
    for second in range(1000):
        timeline.mark("gap", second * 1000.0)
        timeline.mark("heartbeat", second * 1000.0)
    timeline.mark("client_gone", 1_000_000.0)
    timeline.mark("upstream_closed", 1_000_003.0)
    assert len(timeline.marks) == 2 * MAX_OF_A_KIND + 2
    assert timeline.marks[-2:] == [("client_gone", 1_000_000.0), ("upstream_closed", 1_000_003.0)]
    assert timeline.dropped == 2 * (1000 - MAX_OF_A_KIND)
