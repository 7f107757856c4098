"""What clients of Chat Completions send, and what they get.

dialect         the ClientDialect
parse_request   a request: its head, for routing, and all of it, for translation
messages        … its messages
parts           … the parts of a message's content
tools           … its tools and the choice among them
responses_body  … in the shape of the Responses API, which Cursor sends
encode_stream   events → chunks
encode_whole    events → a whole completion
answer_fields   fields that chunks and whole completions share
heartbeat       signs of life before the first content
extras          SeaLink's own field in a stream's last chunk
errors          errors as a body, or as a stream's last frame
"""
