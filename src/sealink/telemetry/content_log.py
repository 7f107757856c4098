"""Prompts and answers, where the operator wants them: in files of their own, a day each, that only SeaLink's user can
read, redacted, and deleted after a while. Nothing else ever writes them down."""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.redaction import Redaction

log = logging.getLogger("sealink.content")

FOLDER: Final = "content"
"""In the data folder."""
LOOK_S: Final = 3600.0
"""How often it is looked for files that are too old."""

_PREFIX, _SUFFIX = "content-", ".jsonl"
_encode = msgspec.json.Encoder().encode

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function after some seconds, as a loop's call_later does."""


class ContentRecord(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A line of the file. `request` is the body as the client has sent it; `answer` is the text of a stream, thinking
    and the arguments of tools included, or the body of a whole answer."""

    time: str
    request_id: str
    key: str
    team: str | None = None
    model: str | None = None
    target: str | None = None
    ended: str
    request: str
    answer: str = ""


class ContentSettings(msgspec.Struct, frozen=True):
    """What [log] says about it."""

    is_on: bool = False
    redact: tuple[str, ...] = ()
    max_chars: int = 100_000
    keep_days: float = 7.0


class ContentLog:
    """Appends to the day's file (UTC), each record in one write, so that several processes may share it."""

    def __init__(self, data_dir: Path, settings: ContentSettings, now: Callable[[], float] = time.time) -> None:
        self._folder = data_dir / FOLDER
        self._now = now
        self._is_failing = False
        self.take_settings(settings)

    def take_settings(self, settings: ContentSettings) -> None:
        """Other settings from now on."""
        self._settings = settings
        self._redact = Redaction(settings.redact)

    def wants(self, own: bool | None) -> bool:
        """Whether a request's content is written: as its key says, else as [log] `content` does."""
        return self._settings.is_on if own is None else own

    @property
    def max_chars(self) -> int:
        return self._settings.max_chars

    def start(self, later: Later) -> None:
        """Delete files that are too old, now and from time to time: also where nothing is written any longer."""
        self.delete_old()
        later(LOOK_S, lambda: self.start(later))

    def write(self, admission: Admission, settlement: Settlement, request: str, answer: str) -> None:
        """Write down what was asked and answered. Never fails: the log says when it cannot be written."""
        now = datetime.fromtimestamp(self._now(), UTC)
        record = ContentRecord(
            time=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            request_id=admission.request_id,
            key=admission.key,
            team=admission.team,
            model=admission.model,
            target=settlement.provider and f"{settlement.provider}:{settlement.served_model}",
            ended=settlement.ended,
            request=self._cut(request),
            answer=self._cut(answer),
        )
        try:
            self._append(now.date(), _encode(record) + b"\n")
        except OSError as error:
            if not self._is_failing:
                log.error("prompts and answers cannot be written to %s: %s", self._folder, error)
            self._is_failing = True
        else:
            self._is_failing = False

    def delete_old(self) -> None:
        """Delete the files of days that are over for longer than they are kept."""
        oldest = (datetime.fromtimestamp(self._now(), UTC) - timedelta(days=self._settings.keep_days)).date()
        try:
            for file in self._folder.glob(f"{_PREFIX}*{_SUFFIX}"):
                day = _day_of(file)
                if day is not None and day < oldest:
                    file.unlink(missing_ok=True)  # another process may do so
        except OSError as error:
            log.error("old prompts and answers cannot be deleted from %s: %s", self._folder, error)

    def _cut(self, text: str) -> str:
        """What is cut off is not searched for what is to be redacted: the time that it takes is bounded."""
        kept = self._redact(text[: self._settings.max_chars])
        return kept if len(text) <= self._settings.max_chars else f"{kept}…"

    def _append(self, day: date, line: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._folder / f"{_PREFIX}{day}{_SUFFIX}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def _day_of(file: Path) -> date | None:
    try:
        return date.fromisoformat(file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
    except ValueError:
        return None
