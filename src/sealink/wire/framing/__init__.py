"""Framing: an upstream's bytes cut into frames (server-sent events, NDJSON, JSON arrays, AWS event streams)."""
