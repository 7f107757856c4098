"""What shows that an examination goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


@contextmanager
def progress(console: Console, *, as_json: bool) -> Iterator[Status]:
    """A line below what is found if that goes to a terminal, else on stderr if that is one."""
    shown = console if console.is_terminal and not as_json else Console(stderr=True)
    status = shown.status("examining")
    if not shown.is_terminal:
        yield status
        return
    with status:
        yield status
