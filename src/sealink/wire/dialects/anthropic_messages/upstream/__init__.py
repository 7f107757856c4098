"""What an upstream of Anthropic's Messages API is sent, and the answers and errors it returns.

dialect          the UpstreamDialect
write_request    a neutral request → POST /v1/messages
turns            its conversation
tools            its tools
forward_request  the request of a client of the same dialect
decode           a stream, or a whole message → events
plain_answer     a view of the whole answer that is one text
plain_event      views of a stream's events as Anthropic itself sends them
passthrough      a stream for a client of the same dialect
mend             what Anthropic's SDKs rely on, where a vendor leaves it out
errors           Anthropic's errors → SeaLink's
list_models      the list of its models
"""
