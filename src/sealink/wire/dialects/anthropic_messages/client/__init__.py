"""What a client of Anthropic's Messages API requests, and the answers and errors it is sent.

dialect         the ClientDialect
parse_request   a client's request: its head, and the whole of it
content         the content of its messages
tools           its tools
encode_stream   events → a stream
encode_whole    events → a whole message
content_blocks  the blocks and citations of both
heartbeat       what keeps a stream alive while there is no content
rate_limits     limits, in the headers of answers
errors          SeaLink's errors in Anthropic's shape
"""
