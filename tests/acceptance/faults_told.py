"""What a client must be told of each fault of a provider, by where it strikes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """What a client is told. `status` is HTTP's; 200 with a `code` is an error frame inside the stream."""

    status: int = 200
    code: str | None = None
    finish: str | None = None


NOTHING = Told(0)
WHOLE = Told(finish="length")
CALLS = Told(finish="tool_calls")


def refused(status: int, code: str | None) -> Told:
    return Told(status, code)


def broken(code: str | None) -> Told:
    return Told(200, code)


# What a client with one target is told. Before the first content, one with two gets the second one's answer.
BEFORE_THE_HEADERS = {
    "stall@headers": refused(504, "first_content"),
    "close@headers": refused(502, "upstream_closed"),
    "reset@headers": refused(502, "upstream_reset"),
    "end@headers": refused(502, "upstream_truncated"),
    "error@headers": refused(502, None),
    "garbage@headers": refused(502, "upstream_malformed"),
    "bad-json@headers": refused(502, "upstream_malformed"),
    "endless@headers": refused(504, "first_content"),
    "truncate=0": refused(502, "upstream_truncated"),
    "status=429": refused(429, "rate_limit_exceeded"),
    "status=429,retry-after=60": refused(429, "rate_limit_exceeded"),
    "status=500": refused(500, None),
    "status=500,retry-after=60": refused(500, None),
    "status=529": refused(529, "overloaded"),
    "status=529,retry-after=60": refused(529, "overloaded"),
}
BEFORE_CONTENT = {
    "stall@0": refused(504, "first_content"),
    "close@0": refused(502, "upstream_truncated"),
    "reset@0": refused(502, "upstream_reset"),
    "end@0": refused(502, "upstream_truncated"),
    "error@0": refused(502, None),
    "garbage@0": refused(502, "upstream_malformed"),
    "bad-json@0": refused(502, "upstream_malformed"),
    "half-utf8@0": refused(502, "upstream_malformed"),
    "endless@0": refused(504, "first_content"),
    "truncate=150": refused(502, "upstream_truncated"),
    "long-frame=20000000@0": refused(502, "upstream_frame_too_large"),
}
AFTER_CONTENT = {
    "stall": broken("idle"),
    "close": broken("upstream_truncated"),
    "reset": broken("upstream_reset"),
    "end": broken("upstream_truncated"),
    "error": broken(None),
    "garbage": broken("upstream_malformed"),
    "bad-json": broken("upstream_malformed"),
    "half-utf8": broken("upstream_malformed"),
    "endless": broken("total"),
    "truncate=1500": broken("upstream_truncated"),
    "long-frame=20000000": broken("upstream_frame_too_large"),
    "no-finish,no-end-mark": broken("upstream_truncated"),
}
ALL_MENDED = "one-byte,crlf,gzip-unnamed,double-usage,no-end-mark"
MENDED = {
    "long-frame@0": WHOLE,
    "long-frame": WHOLE,
    "one-byte": WHOLE,
    "crlf": WHOLE,
    "gzip": WHOLE,
    "gzip-unnamed": WHOLE,
    "no-end-mark": WHOLE,
    "no-finish": Told(finish="stop"),  # the end mark proves the answer whole, the reason is the likely one
    "double-usage": WHOLE,
    "tool-index": CALLS,
    ALL_MENDED: WHOLE,
}
# Where it is told otherwise of a provider that speaks Anthropic's dialect.
ANTHROPIC = {
    **dict.fromkeys(("error@headers", "error@0"), refused(502, "server_error")),
    "error": broken("server_error"),
    **dict.fromkeys(("status=429", "status=429,retry-after=60"), refused(429, "rate_limit_error")),
    **dict.fromkeys(("status=500", "status=500,retry-after=60"), refused(500, "server_error")),
    **dict.fromkeys(("status=529", "status=529,retry-after=60"), refused(529, "overloaded_error")),
    **dict.fromkeys(("garbage@0", "garbage"), WHOLE),  # it befalls the event's name, which its data repeats
    **dict.fromkeys(("no-end-mark", ALL_MENDED), broken("upstream_truncated")),  # no other sign of the end is as good
}
# And of one that speaks Gemini's: errors are told in Google's words, and an end only by its reason.
GEMINI = {
    **dict.fromkeys(("error@headers", "error@0"), refused(500, "INTERNAL")),
    "error": broken("INTERNAL"),
    **dict.fromkeys(("status=429", "status=429,retry-after=60"), refused(429, "RESOURCE_EXHAUSTED")),
    **dict.fromkeys(("status=500", "status=500,retry-after=60"), refused(500, "INTERNAL")),
    **dict.fromkeys(("status=529", "status=529,retry-after=60"), refused(529, "UNKNOWN")),
    "no-finish": broken("upstream_truncated"),
}

# And of one that speaks Responses: one event tells the reason, the usage and the end.
RESPONSES = {
    **dict.fromkeys(("error@headers", "error@0"), refused(502, "server_error")),
    "error": broken("server_error"),
    **dict.fromkeys(("garbage@0", "garbage"), WHOLE),  # it befalls the event's name, which its data repeats
    **dict.fromkeys(("no-finish", "no-end-mark", ALL_MENDED), broken("upstream_truncated")),
    "tool-index": broken("upstream_malformed"),  # whole items are numbered there, and two cannot have one number
}

OTHERWISE: dict[str, dict[str, Told]] = {"anthropic": ANTHROPIC, "gemini": GEMINI, "responses": RESPONSES}

CANNOT_BE = {
    ("status", "after content"): "the status has been told",
    ("retry-after", "after content"): "the headers have been sent",
}
"""Faults that have no place after the first content."""

MOMENTS = {
    "before the headers": BEFORE_THE_HEADERS,
    "before content": BEFORE_CONTENT,
    "after content": AFTER_CONTENT,
    "throughout": MENDED,
}
