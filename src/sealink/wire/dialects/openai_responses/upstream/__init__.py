"""What upstreams of the Responses API are sent, and what they answer.

dialect          the PassthroughDialect, which puts these together
forward_request  a client's own request, for the same dialect
write_request    a ChatRequest → POST /responses
turns            its conversation
models           which reasoning parameters each model accepts

decode           frames, or a whole response → events
plain_answer     a view of the whole answer that is one text
output           the items of an answer → blocks
passthrough      an answer for a client of the same dialect
mend             events that OpenAI's own SDK could not read, mended
errors           error bodies, and errors inside a stream
"""
