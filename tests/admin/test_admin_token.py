"""The token of the admin API: one for all workers, that only its owner may read."""

import fcntl
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sealink.admin.admin_token import FILE, load_or_make
from waiting import until


def test_workers_that_start_at_once_have_the_same(tmp_path: Path) -> None:
    """The second waits for the one that is writing it: it once found the file empty, and had no admin API."""
    with open(tmp_path / FILE, "w") as file, ThreadPoolExecutor() as threads:
        fcntl.flock(file, fcntl.LOCK_EX)
        second = threads.submit(load_or_make, tmp_path)
        inode = str(os.fstat(file.fileno()).st_ino)
        until(lambda: second.done() or any("->" in line and inode in line for line in open_locks()))
        file.write("made by the first\n")
        file.close()
        assert second.result() == "made by the first"


def open_locks() -> list[str]:
    """A line for each, and with an arrow for each that is waited for: proc_locks(5)."""
    return Path("/proc/locks").read_text().splitlines()


def test_it_is_made_once_and_in_place_of_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "data" / FILE
    token = load_or_make(path.parent)
    assert load_or_make(path.parent) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("")
    path.chmod(0o644)
    made = load_or_make(path.parent)
    assert made not in ("", token)
    assert path.read_text() == f"{made}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
