"""Rules of every stream: its headers, its lines."""

import re
from typing import Final

from sealink.doctor.conformance.rule import PLAIN, Rule, Transcript, first

_STRAY_LINE: Final = re.compile(rb"(?:^|[\r\n])(id|retry)[:\r\n]")
_FRAME_END: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def _answered(transcript: Transcript) -> str | None:
    return first(f"{name}: {why}" for name, why in transcript.unanswered.items())


def _status(transcript: Transcript) -> str | None:
    wrong = [came.status for came in transcript.receptions if came.status != 200]
    return f"a stream was answered with status {wrong[0]}" if wrong else ""


def _event_stream(transcript: Transcript) -> str | None:
    kinds = {came.headers.get("content-type", "none") for came in transcript.receptions if not came.is_event_stream}
    return f"content-type: {kinds.pop()}" if kinds else ""


def _unbuffered(transcript: Transcript) -> str | None:
    headers = transcript.received(PLAIN).headers
    cache, accel = headers.get("cache-control", "none"), headers.get("x-accel-buffering", "none")
    missing = [f"cache-control: {cache}"] if "no-transform" not in cache else []
    missing += [f"x-accel-buffering: {accel}"] if accel != "no" else []
    return ", ".join(missing)


def _utf8(transcript: Transcript) -> str | None:
    for came in transcript.receptions:
        try:
            came.body.decode()
        except UnicodeDecodeError as error:
            return f"byte {error.start} of a stream is not UTF-8"
    return ""


def _no_stray_lines(transcript: Transcript) -> str | None:
    found = [match[1].decode() for came in transcript.receptions if (match := _STRAY_LINE.search(came.body))]
    return f"a line {found[0]}:" if found else ""


def _whole_frames(transcript: Transcript) -> str | None:
    """A stream ends with a blank line: what stands behind the last one is lost on every client."""
    ragged = [came.body[-40:] for came in transcript.receptions if came.body and not _FRAME_END.search(came.body[-4:])]
    return f"a stream ends with {ragged[0]!r}" if ragged else ""


RULES: Final = (
    Rule("answered", "every request is answered, in time", _answered),
    Rule("status", "a stream is answered with status 200", _status),
    Rule("content-type", "a stream's content type is text/event-stream", _event_stream),
    Rule("unbuffered", "cache-control has no-transform, and x-accel-buffering is no", _unbuffered),
    Rule("utf-8", "all bytes are UTF-8", _utf8),
    Rule("stray-lines", "there is no id: or retry: line, which makes clients parse empty events", _no_stray_lines),
    Rule("whole-frames", "the last frame ends with a blank line", _whole_frames),
)
