"""Lines of the log, for a terminal or for a machine, and records of `logging` in the same two forms."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_MUST_BE_QUOTED: Final = frozenset(' "=\\')
_encode: Final = msgspec.json.Encoder().encode


def text_line(at: float, level: int, fields: dict[str, Any], *, logger: str = "sealink.requests") -> str:
    """`time LEVEL logger name=value …`. Values with spaces, quotes or control characters are written as JSON."""
    pairs = " ".join([f"{name}={_text(value)}" for name, value in fields.items()])
    return f"{_local_time(at)} {logging.getLevelName(level)} {logger} {pairs}\n"


def json_line(at: float, level: int, fields: dict[str, Any], *, logger: str = "sealink.requests") -> str:
    """One JSON object. `time` is in UTC, as RFC 3339."""
    head = {"time": _utc_time(at), "level": logging.getLevelName(level).lower(), "logger": logger}
    return _encode({**head, **fields}).decode() + "\n"


LINES: Final[dict[LogFormat, Callable[..., str]]] = {"text": text_line, "json": json_line}


class JsonFormatter(logging.Formatter):
    """A record of `logging` as one JSON object, its traceback as a field."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {"message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json_line(record.created, record.levelno, fields, logger=record.name).rstrip("\n")


def formatter(form: LogFormat) -> logging.Formatter:
    """How records of `logging` are written."""
    return JsonFormatter() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")


def _text(value: object) -> str:
    kind = type(value)
    if kind is int or kind is float:
        return repr(value)
    text = value if isinstance(value, str) else _encode(value).decode()
    return text if text.isprintable() and text and _MUST_BE_QUOTED.isdisjoint(text) else _encode(text).decode()


def _local_time(at: float) -> str:
    return f"{_local_second(int(at))},{int(at * 1000) % 1000:03}"


def _utc_time(at: float) -> str:
    return f"{_utc_second(int(at))}.{int(at * 1000) % 1000:03}Z"


@lru_cache(maxsize=1)
def _local_second(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


@lru_cache(maxsize=1)
def _utc_second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


def configure_logging(form: LogFormat, level: LogLevel) -> None:
    """Log to standard error, one line a record."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
