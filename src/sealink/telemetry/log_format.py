"""Lines of the log, for a terminal or for a machine, and records of `logging` in the same two forms."""

import logging
import time
from collections.abc import Callable
from math import floor
from typing import Any, Final, Literal, NamedTuple

import msgspec

from sealink.telemetry.layout import Gap, GapKind

Fields = dict[str, Any] | msgspec.Struct
"""What a line says: texts and numbers by their names."""
LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_MUST_BE_QUOTED: Final = frozenset(' "=\\')
_encode: Final = msgspec.json.Encoder().encode
_RAW_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class LineForm(NamedTuple):
    """The pieces of a line: its `second`, and what stands between that and the rest, with milliseconds in the middle;
    level and logger; each field, a value as JSON; one that differs from line to line; its end."""

    second: Callable[[int], str]
    around_millis: tuple[str, str]
    head: Callable[[int, str], str]
    field: Callable[[str, msgspec.Raw], str]
    gap: Callable[[str, GapKind], Gap]
    end: str

    def line(self, at: float, level: int, fields: Fields, logger: str) -> str:
        """A whole line, with its end."""
        written = "".join([self.field(name, value) for name, value in raw_fields(fields).items()])
        millis = floor(at * 1000)
        before, behind = self.around_millis
        begin = f"{self.second(millis // 1000)}{before}{millis % 1000:03}{behind}"
        return f"{begin}{self.head(level, logger)}{written}{self.end}"


def text_line(at: float, level: int, fields: Fields, *, logger: str = "sealink.requests") -> str:
    """`time LEVEL logger name=value …`. Values with spaces, quotes or control characters are written as JSON."""
    return FORMS["text"].line(at, level, fields, logger)


def json_line(at: float, level: int, fields: Fields, *, logger: str = "sealink.requests") -> str:
    """One JSON object. `time` is in UTC, as RFC 3339."""
    return FORMS["json"].line(at, level, fields, logger)


def raw_fields(fields: Fields) -> dict[str, msgspec.Raw]:
    """What a line says, each value as JSON."""
    return _RAW_FIELDS.decode(_encode(fields))


def _text_head(level: int, logger: str) -> str:
    return f" {logging.getLevelName(level)} {logger}"


def _json_head(level: int, logger: str) -> str:
    return f',"level":"{logging.getLevelName(level).lower()}","logger":"{logger}"'  # the name of a module: no escapes


def _text_field(name: str, value: msgspec.Raw) -> str:
    return f" {name}={_text(value)}"


def _json_field(name: str, value: msgspec.Raw) -> str:
    return f',"{name}":{bytes(value).decode()}'


def _text_gap(name: str, kind: GapKind) -> Gap:
    return Gap(kind, f" {name}=".encode())


def _json_gap(name: str, kind: GapKind) -> Gap:
    return Gap("quoted", f',"{name}":"'.encode()) if kind == "text" else Gap(kind, f',"{name}":'.encode())


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


def _local_second(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _utc_second(at: int) -> str:
    return time.strftime('{"time":"%Y-%m-%dT%H:%M:%S', time.gmtime(at))


FORMS: Final = {
    "text": LineForm(_local_second, (",", ""), _text_head, _text_field, _text_gap, "\n"),
    "json": LineForm(_utc_second, (".", 'Z"'), _json_head, _json_field, _json_gap, "}\n"),
}


def configure_logging(form: LogFormat, level: LogLevel) -> None:
    """Log to standard error, one line a record."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
