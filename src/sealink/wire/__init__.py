"""Bytes ⇄ events. Pure: bytes and plain data in, bytes and plain data out.

dialect           what a wire format must be able to do
dialects          the wire formats
lanes, template   how one upstream stream becomes one client stream, and the shape that its frames repeat
fold              a not-streamed answer: the fold of the same events
streamed_text      what a stream has said so far, counted in tokens
embeddings        a small protocol of its own

Framing: sse, ndjson, json_array, aws_event_stream.

What several dialects need, to read:
raw_json          JSON objects whose values stay as they stood on the wire
request_fields    a client's request, field by field
prompt_words      its words, to be counted
blocks            the blocks of a flat format, inferred
rejections        an upstream's errors

… and to write:
request_checks    what is asked of a request before it is written
leftovers         what a dialect has no words for
json_schema       schemas for models that know a part of JSON Schema
call_arguments    a tool call's arguments as an object
free_text         free text for a tool that takes JSON
data_url          images and files inline
"""
