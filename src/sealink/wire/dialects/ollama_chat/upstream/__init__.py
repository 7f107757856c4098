"""What Ollama is sent, and what it answers.

dialect        the UpstreamDialect, which puts these together
write_request  a ChatRequest → POST /api/chat
messages       its conversation
decode         lines of a stream, or a whole answer → events
errors         error bodies
list_models    the list of its models
"""
