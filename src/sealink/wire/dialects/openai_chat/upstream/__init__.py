"""What upstreams of Chat Completions get, and what they answer.

dialect          the UpstreamDialect, which can pass through, too
write_request    SeaLink's own request → a chat completion request
tools            … its tools
forward_request  a client's own request, changed only where it must be

normalize_stream, normalize_whole                      an answer → OpenAI's own shape
normalize_choice, normalize_message, normalize_calls   … a choice, a message's content, its tool calls
frames           a frame and the JSON in it
plain_answer     views of what nearly every frame, and most whole answers, are
usage_collector  a stream's usage, sent once at its end
passthrough      a normalised answer → bytes for an OpenAI client
decode           a normalised answer → events
errors           errors, in whatever shape a vendor sends them
"""
