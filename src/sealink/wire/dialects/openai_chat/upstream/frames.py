"""An OpenAI-compatible upstream's frames: what is in them, and how they go on."""

from sealink.wire.dialects.openai_chat.upstream.errors import read_error
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import data_frame
from sealink.wire.raw_json.fields import Fields, made_strict, parse_object


def parsed(frame: Frame) -> tuple[Frame, Fields]:
    """A frame and its fields; made strict if it was not quite JSON. Raises UpstreamError if it is none."""
    try:
        return frame, parse_object(frame.data)
    except (ValueError, RecursionError):
        strict = made_strict(frame.data, constants=True) or b""
    try:
        return Frame(data_frame(strict), strict), parse_object(strict)
    except (ValueError, RecursionError):
        if frame.event == b"error":
            raise read_error(502, (), frame.data) from None
        raise malformed(f"{frame.data[:200].decode(errors='replace')!r} is not a JSON object.") from None


def as_it_came(frame: Frame) -> bytes:
    return frame.raw if frame.is_plain else data_frame(one_line(frame.data))


def one_line(data: bytes) -> bytes:
    """JSON that came in several `data:` lines; a line end in it can only be white space."""
    return data.replace(b"\n", b" ")


def is_utf8(data: bytes) -> bool:
    """Whether what the view skipped can be read, too: the stock SDKs stop at a byte that is not UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
