"""The ledger as a user reads it: with `sealink usage`."""

import json
import time
from pathlib import Path
from typing import Any

import sealink_command

PATIENCE_S = 10.0
PAUSE_S = 0.2
"""Between two looks, each of which is a process."""

Row = dict[str, Any]


def usage_rows(folder: Path) -> list[Row]:
    """All rows, oldest first, of the SeaLink that runs, or ran, in this folder."""
    return [json.loads(line) for line in sealink_usage(folder, "rows", "--json").splitlines()]


def settled_rows(folder: Path) -> tuple[Row, list[Row]]:
    """The summary and all rows, once no request is open and all are in the store."""
    deadline = time.monotonic() + PATIENCE_S
    while (summary := json.loads(sealink_usage(folder, "--json")))["open"] or summary["waiting"]:
        assert time.monotonic() < deadline, f"it never comes to rest: {summary}"
        time.sleep(PAUSE_S)
    return summary, usage_rows(folder)


def sealink_usage(folder: Path, *options: str) -> str:
    return sealink_command.run(["usage", *options], cwd=folder, check=True).stdout
