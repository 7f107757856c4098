"""Journals: what was appended is read in order, torn ends and damage included, and each has one owner."""

import itertools
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from file_size import largest_file
from ledger_samples import admission, settlement

from sealink.ledger import replay as replay_module
from sealink.ledger.entry import Entry, to_line
from sealink.ledger.journal import Journal, OwnedFolder, segment_numbers, segment_path
from sealink.ledger.replay import Replay

ALL = 1_000_000

OWNER = """
import pathlib, sys
from sealink.ledger.journal import OwnedFolder
print(OwnedFolder.new(pathlib.Path(sys.argv[1])).path, flush=True)
input()
"""


def journal_in(root: Path, *, segment_bytes: int = 1_000_000, fsync: bool = False) -> tuple[OwnedFolder, Journal]:
    folder = OwnedFolder.new(root)
    return folder, Journal(folder, segment_bytes=segment_bytes, fsync=fsync)


def entries_of(replay: Replay, limit: int = ALL) -> list[Entry]:
    return [placed.entry for placed in replay.read(limit)]


def all_entries(folder: OwnedFolder) -> list[Entry]:
    with closing(Replay(folder.path)) as replay:
        return entries_of(replay)


@pytest.mark.parametrize("fsync", [False, True])
def test_entries_are_read_in_order_while_they_are_written(tmp_path: Path, fsync: bool) -> None:
    folder, journal = journal_in(tmp_path, segment_bytes=400, fsync=fsync)
    written, read = [], []
    with closing(Replay(folder.path)) as replay:
        for number in range(31):
            written.append(admission(f"req_{number}"))
            journal.append(written[-1])
            if number % 3 == 0:
                read += entries_of(replay)
                assert read == written
    assert len(segment_numbers(folder.path)) > 5


def test_the_disk_is_waited_for_only_if_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    _, journal = journal_in(tmp_path, fsync=False)
    journal.append(admission("req_1"))
    assert synced == []
    _, journal = journal_in(tmp_path, fsync=True)
    assert len(synced) == 1  # the name of the segment
    journal.append(admission("req_1"))
    assert len(synced) == 2


def test_no_more_is_read_than_asked_for(tmp_path: Path) -> None:
    folder, journal = journal_in(tmp_path, segment_bytes=400)
    written = [admission(f"req_{number}") for number in range(10)]
    for entry in written:
        journal.append(entry)
    with closing(Replay(folder.path)) as replay:
        assert [len(entries_of(replay, limit=4)) for _ in range(4)] == [4, 4, 2, 0]


def test_a_segment_that_grows_between_the_last_look_and_its_end_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, journal = journal_in(tmp_path, segment_bytes=3 * len(to_line(admission("req_00"))))
    written = [admission(f"req_{number:02d}") for number in range(22)]
    late = iter(written)
    journal.append(next(late))
    counts = itertools.cycle((0, 3))  # at each segment's end: what fills it up, and the first of the next

    def numbers_after_more_was_written(path: Path) -> list[int]:
        for entry in itertools.islice(late, next(counts)):
            journal.append(entry)
        return segment_numbers(path)

    monkeypatch.setattr(replay_module, "segment_numbers", numbers_after_more_was_written)
    assert all_entries(folder) == written


def test_a_line_torn_at_any_byte_hides_nothing_but_itself(tmp_path: Path) -> None:
    whole = [admission("req_1"), settlement("req_1")]
    torn = to_line(admission("req_2"))
    folder, journal = journal_in(tmp_path)
    for entry in whole:
        journal.append(entry)
    path = segment_path(folder.path, 1)
    before = path.read_bytes()
    for length in range(len(torn)):
        path.write_bytes(before + torn[:length])
        with closing(Replay(folder.path)) as replay:
            assert entries_of(replay) == whole
            path.write_bytes(before + torn)  # the rest arrives: it had only been looked at too early
            assert entries_of(replay) == [admission("req_2")]


def test_a_torn_end_in_the_middle_of_a_journal_is_passed_over(tmp_path: Path) -> None:
    folder, journal = journal_in(tmp_path)
    journal.append(admission("req_1"))
    with segment_path(folder.path, 1).open("ab") as segment:
        segment.write(to_line(admission("req_lost"))[:-1])
    journal.close()
    journal.append(admission("req_2"))
    assert all_entries(folder) == [admission("req_1"), admission("req_2")]


def test_a_line_that_the_disk_took_in_part_is_refused_and_the_next_is_whole(tmp_path: Path) -> None:
    folder, journal = journal_in(tmp_path)
    journal.append(admission("req_1"))
    for room in (0, 1, 20):
        size = segment_path(folder.path, segment_numbers(folder.path)[-1]).stat().st_size
        with largest_file(size + room), pytest.raises(OSError, match=r"File too large|only a part"):
            journal.append(admission("req_refused"))
        journal.append(admission("req_1"))
    assert all_entries(folder) == [admission("req_1")] * 4


def test_a_full_disk_does_not_fill_the_folder_with_segments(tmp_path: Path) -> None:
    folder, journal = journal_in(tmp_path)
    with largest_file(20), pytest.raises(OSError, match="only a part"):
        journal.append(admission("req_refused"))
    with largest_file(0):
        for _ in range(10):
            with pytest.raises(OSError, match="File too large"):
                journal.append(admission("req_refused"))
    journal.append(admission("req_1"))
    assert len(segment_numbers(folder.path)) == 2
    assert all_entries(folder) == [admission("req_1")]


def test_a_segment_is_removed_once_it_is_read_and_not_needed(tmp_path: Path) -> None:
    folder, journal = journal_in(tmp_path, segment_bytes=1)  # one entry a segment
    for number in range(1, 6):
        journal.append(admission(f"req_{number}"))
    with closing(Replay(folder.path)) as replay:
        entries_of(replay)
        replay.discard(needed={2})
        assert segment_numbers(folder.path) == [2, 5]  # 5 may still grow
        journal.append(admission("req_6"))
        entries_of(replay)
        replay.discard(needed=set())
        assert segment_numbers(folder.path) == [6]


def test_a_segment_that_vanishes_under_one_who_looks_on_is_passed_over(tmp_path: Path) -> None:
    folder, journal = journal_in(tmp_path, segment_bytes=1)
    for number in range(1, 4):
        journal.append(admission(f"req_{number}"))
    with closing(Replay(folder.path)) as onlooker:
        assert entries_of(onlooker, limit=1) == [admission("req_1")]
        segment_path(folder.path, 2).unlink()
        assert entries_of(onlooker) == [admission("req_3")]


def test_damage_is_put_aside_and_hides_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder, journal = journal_in(tmp_path)
    for number in range(1, 4):
        journal.append(admission(f"req_{number}"))
    journal.close()
    path = segment_path(folder.path, 1)
    damaged = path.read_bytes().replace(b"req_2", b"req_9")
    path.write_bytes(damaged)
    replay = Replay(folder.path)
    assert entries_of(replay) == [admission("req_1"), admission("req_3")]
    replay.close()
    replay.discard(needed=set())
    assert "damaged line" in caplog.text
    assert [file.read_bytes() for file in tmp_path.glob("*.damaged")] == [damaged]
    assert segment_numbers(folder.path) == []


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    folder = OwnedFolder.new(tmp_path)
    assert OwnedFolder.take(folder.path) is None
    folder.release()
    taken = OwnedFolder.take(folder.path)
    assert taken is not None
    taken.path.rmdir()
    assert OwnedFolder.take(folder.path) is None


def test_a_folder_that_is_removed_while_it_is_taken_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "dead"
    folder.mkdir()
    opened = os.open

    def open_late(path: Path, flags: int) -> int:
        fd = opened(path, flags)
        folder.rmdir()
        return fd

    monkeypatch.setattr(os, "open", open_late)
    assert OwnedFolder.take(folder) is None


def test_a_folder_is_free_when_its_owner_has_died(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        path = Path(owner.stdout.readline().decode().strip())
        assert OwnedFolder.take(path) is None
        owner.kill()
    assert OwnedFolder.take(path) is not None
