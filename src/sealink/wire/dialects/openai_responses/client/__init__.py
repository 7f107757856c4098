"""What clients of the Responses API send, and what they are sent.

dialect          the ClientDialect, which puts these together
parse_request    a request's head, a request → ChatRequest, and its text, for estimating tokens
input, tools     its conversation; its tools

encode_stream    events → a stream
blocks, items    the blocks of an answer as frames; the items that they belong to
encode_whole     events → a whole response
response_object  the object around an answer's items
heartbeat        frames for a client that waits
errors           error bodies and frames
"""
