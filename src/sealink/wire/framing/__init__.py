"""Framing: an upstream's bytes cut into frames.

frame             one frame, whatever its framing
sse               server-sent events, read and written
ndjson            newline-delimited JSON
json_array        one JSON array, element by element
aws_event_stream  AWS's binary event stream
"""
