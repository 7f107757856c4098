"""What Cohere is sent, and what it answers.

dialect        the UpstreamDialect, which puts these together
write_request  a ChatRequest → POST /v2/chat
messages       its conversation
decode         frames, or a whole answer → events
errors         error bodies, and answers that failed
list_models    the list of its models
"""
