"""Messages of AWS's binary event stream, made by its document; and samples of them, kept as lines of JSON."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

SAMPLES = Path(__file__).parent / "samples" / "bedrock"

EVENT = {":message-type": "event", ":content-type": "application/json"}


def text_header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()


def message_of(headers: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    return message_of(b"".join(text_header(name, value) for name, value in headers.items()), payload)


def event(name: str, payload: object) -> bytes:
    return message({":event-type": name, **EVENT}, json.dumps(payload).encode())


def exception(name: str, payload: object) -> bytes:
    return message({":exception-type": name, ":message-type": "exception"}, json.dumps(payload).encode())


def sample(name: str) -> bytes:
    """A stream: each line of its file is `["event" or "exception", name, payload]`."""
    makers = {"event": event, "exception": exception}
    lines = (json.loads(line) for line in (SAMPLES / f"{name}.ndjson").read_text().splitlines())
    return b"".join(makers[kind](name, payload) for kind, name, payload in lines)
