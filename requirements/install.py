"""Install pinned packages into the environment of this Python, and show how far it is: install.py LIST …

Every few seconds a line says how many of the lists' packages have been downloaded. Of pip's own output only the errors
are shown.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

LINE_EVERY_S = 3.0


def install(python: str | Path, lists: list[str]) -> int:
    total = sum(len(re.findall(r"^[\w.-]+==", Path(name).read_text(), re.MULTILINE)) for name in lists)
    names = " and ".join(lists)
    print(f"Installing the {total} packages of {names}", flush=True)
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    command += ["--require-hashes", *(word for name in lists for word in ("--requirement", name))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pip:
        assert pip.stdout
        looked_at, next_line_at = 0, time.monotonic() + LINE_EVERY_S
        for line in pip.stdout:
            looked_at += line.startswith(("Collecting ", "Requirement already satisfied", "Ignoring "))
            if line.startswith("Installing collected packages"):
                print(f"  {names}: all downloaded, now unpacked", flush=True)
            elif looked_at < total and time.monotonic() > next_line_at:
                print(f"  {names}: {looked_at} of {total} downloaded", flush=True)
                next_line_at = time.monotonic() + LINE_EVERY_S
    return pip.returncode


if __name__ == "__main__":
    sys.exit(install(sys.executable, sys.argv[1:]))
