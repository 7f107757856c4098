"""Lines of the log, for a terminal or for a machine, and records of `logging` in the same two forms."""

import logging
import re
import time
from functools import lru_cache
from math import floor
from typing import Any, Final, Literal

import msgspec

Fields = dict[str, Any] | msgspec.Struct
"""What a line says: texts and numbers by their names."""
LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_MUST_BE_QUOTED: Final = frozenset(' "=\\')
_PAIR: Final = re.compile(r'"(\w+)":(?:"([!#-<>-\[\]-~]+)"|("(?:[^"\\]|\\.)*"|[^",\[\]{}]+))(?:,|$)')
"""A field of a flat JSON object in ASCII: its name, and its value, which may be a text that needs no quotes."""
_encode: Final = msgspec.json.Encoder().encode
_MILLIS: Final = [f"{milli:03}" for milli in range(1000)]
_RAW_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def text_line(at: float, level: int, fields: Fields, *, logger: str = "sealink.requests") -> str:
    """`time LEVEL logger name=value …`. Values with spaces, quotes or control characters are written as JSON."""
    return f"{local_time(at)}{text_behind_time(level, fields, logger)}"


def json_line(at: float, level: int, fields: Fields, *, logger: str = "sealink.requests") -> str:
    """One JSON object. `time` is in UTC, as RFC 3339."""
    return f"{json_time(at)}{json_behind_time(level, fields, logger)}"


def text_behind_time(level: int, fields: Fields, logger: str) -> str:
    """What stands in a line of text behind its time."""
    encoded = _encode(fields)
    if encoded.isascii():  # nearly always; without a call for each field
        pairs = _PAIR.sub(r"\1=\2\3 ", encoded[1:-1].decode())[:-1]
    else:
        pairs = " ".join([f"{name}={_text(value)}" for name, value in _RAW_FIELDS.decode(encoded).items()])
    return f" {logging.getLevelName(level)} {logger} {pairs}\n"


def json_behind_time(level: int, fields: Fields, logger: str) -> str:
    """What stands in a line of JSON behind its time."""
    head = f',"level":"{logging.getLevelName(level).lower()}","logger":"{logger}",'
    return f"{head}{_encode(fields)[1:].decode()}\n"  # a logger has the name of a module: nothing to escape


def local_time(at: float) -> str:
    """How a line of text begins."""
    second, milli = divmod(floor(at * 1000), 1000)
    return f"{_local_second(second)},{_MILLIS[milli]}"


def json_time(at: float) -> str:
    """How a line of JSON begins."""
    second, milli = divmod(floor(at * 1000), 1000)
    return f'{{"time":"{_utc_second(second)}.{_MILLIS[milli]}Z"'


FORMS: Final = {"text": (local_time, text_behind_time), "json": (json_time, json_behind_time)}


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


def _text(value: msgspec.Raw) -> str:
    """A JSON value as it stands in a line of text."""
    written = bytes(value).decode()
    text = msgspec.json.decode(value) if written.startswith('"') else ""
    return text if text and text.isprintable() and _MUST_BE_QUOTED.isdisjoint(text) else written


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
