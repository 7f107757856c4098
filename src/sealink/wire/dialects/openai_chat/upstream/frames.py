"""The frames of an OpenAI-compatible upstream: each holds one chunk of the stream as JSON."""

from typing import Final

from sealink.wire.dialects.openai_chat.upstream.errors import read_error
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import data_frame
from sealink.wire.raw_json.fields import Fields, made_strict, parse_object
from sealink.wire.stream.template import Varying

VARYING: Final = Varying(padding=b'"obfuscation":"')
_LINE_ENDS_TO_SPACES: Final = bytes.maketrans(b"\r\n", b"  ")

Chunk = Frame | Fields
"""A chunk for the client: the frame as it came, or the fields of one in which something was changed."""


def parse_frame(frame: Frame) -> tuple[Frame, Fields]:
    """A frame and its fields, both made strict if its JSON was not quite valid. Raises UpstreamError if it is no JSON
    object."""
    try:
        return frame, parse_object(frame.data)
    except (ValueError, RecursionError):
        strict = made_strict(frame.data, constants=True) or b""
    try:
        return json_frame(strict), parse_object(strict)
    except (ValueError, RecursionError):
        if frame.event == b"error":
            raise read_error(502, (), frame.data) from None
        raise malformed(f"{frame.data[:200].decode(errors='replace')!r} is not a JSON object.") from None


def as_it_came(frame: Frame) -> Frame:
    """The frame with its data unchanged, in a single `data:` line without an event name."""
    return frame if frame.is_plain else json_frame(frame.data)


def json_frame(data: bytes) -> Frame:
    """A frame of JSON, in a single line."""
    data = one_line(data)
    return Frame(data_frame(data), data)


def one_line(data: bytes) -> bytes:
    """JSON with its line ends, which can only be white space, as spaces."""
    return data.translate(_LINE_ENDS_TO_SPACES)


def is_utf8(data: bytes) -> bool:
    """Whether all of it is UTF-8, also what a view struct skipped: the stock SDKs stop at a byte that is not."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
