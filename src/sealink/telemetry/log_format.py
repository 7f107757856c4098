"""Lines of the log, for a terminal or for a machine, and records of `logging` in the same two forms."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

import msgspec

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_LEVELS: Final = {number: name.lower() for name, number in logging.getLevelNamesMapping().items()}
_MUST_BE_QUOTED: Final = frozenset(' "=\\')
_encode: Final = msgspec.json.Encoder().encode


class Fields(msgspec.Struct, omit_defaults=True):
    """The fields of a line, in their order. Those that are None are left out."""


def text_line(at: float, level: int, fields: Fields, *, logger: str = "sealink.requests") -> str:
    """`time LEVEL logger name=value …`. Values with spaces, quotes or control characters are written as JSON."""
    values = zip(fields.__struct_fields__, msgspec.structs.astuple(fields), strict=True)
    pairs = " ".join([f"{name}={_text(value)}" for name, value in values if value is not None])
    return f"{_local_time(at)} {logging.getLevelName(level)} {logger} {pairs}\n"


def json_line(at: float, level: int, fields: Fields, *, logger: str = "sealink.requests") -> str:
    """One JSON object. `time` is in UTC, as RFC 3339."""
    return f"{_json_head(int(at), int(at * 1000) % 1000, level, logger)}{_encode(fields)[1:].decode()}\n"


LINES: Final[dict[LogFormat, Callable[..., str]]] = {"text": text_line, "json": json_line}


class _Message(Fields):
    message: str
    traceback: str | None = None


class JsonFormatter(logging.Formatter):
    """A record of `logging` as one JSON object, its traceback as a field."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _Message(record.getMessage())
        if record.exc_info:
            fields.traceback = self.formatException(record.exc_info)
        return json_line(record.created, record.levelno, fields, logger=record.name).rstrip("\n")


def formatter(form: LogFormat) -> logging.Formatter:
    """How records of `logging` are written."""
    return JsonFormatter() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")


def _text(value: object) -> str:
    text = value if isinstance(value, str) else _encode(value).decode()
    return text if text.isprintable() and text and _MUST_BE_QUOTED.isdisjoint(text) else _encode(text).decode()


def _local_time(at: float) -> str:
    return f"{_local_second(int(at))},{int(at * 1000) % 1000:03}"


@lru_cache(maxsize=1)
def _local_second(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


@lru_cache(maxsize=1)
def _utc_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _json_head(second: int, ms: int, level: int, logger: str) -> str:
    """The fields that every line begins with, up to the comma. A logger's name is a module's: nothing to escape."""
    return f'{{"time":"{_utc_second(second)}.{ms:03}Z","level":"{_LEVELS[level]}","logger":"{logger}",'


def configure_logging(form: LogFormat, level: LogLevel) -> None:
    """Log to standard error, one line a record."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
