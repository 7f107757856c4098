"""How fast SeaLink starts, and how much memory it needs before its first request.

.venv/bin/python bench/start.py [--rounds N]
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

SEALINK = Path(__file__).parents[1] / ".venv" / "bin" / "sealink"
ALL_LOADED_S = 2.0
"""After this much time everything that is loaded in the background is there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    for option in ("--version", "--help"):
        print(f"sealink {option:10} {median(_seconds(option) for _ in range(rounds)):.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        served = [_serve(Path(folder)) for _ in range(rounds)]
    print(f"serve listens after {median(listens_s for listens_s, _ in served):.2f} s")
    first, others = served[0][1], [rss for _, rss in served[1:]] or [served[0][1]]
    print(f"memory at rest      {median(others) / 2**20:.0f} MiB; {first / 2**20:.0f} MiB where the database is new")


def _seconds(option: str) -> float:
    began_at = time.perf_counter()
    subprocess.run([SEALINK, option], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began_at


def _serve(folder: Path) -> tuple[float, int]:
    """Seconds until it listens, and bytes of memory when all is loaded."""
    began_at = time.perf_counter()
    with subprocess.Popen([SEALINK, "serve", "--port", "0"], cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        listens_s = time.perf_counter() - began_at
        time.sleep(ALL_LOADED_S)
        rss = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096
        process.terminate()
    return listens_s, rss


if __name__ == "__main__":
    main()
