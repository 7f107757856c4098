"""What Gemini is sent, and what it answers.

dialect            the UpstreamDialect, which puts these together
write_request      a ChatRequest → POST …/models/{model}:streamGenerateContent
contents           its conversation
tools              its tools, and which of them may be called
schema             its JSON Schemas
generation         its generationConfig
thinking           its reasoning effort
models             what each Gemini model accepts

decode             chunks, or a whole answer → events
plain_answer       a view of the whole answer that is one text
text_metadata      the sources and log probabilities of an answer's text
streamed_arguments a call whose arguments come in pieces
signatures         thought signatures, on their way through clients
errors             error bodies, and errors inside a stream
list_models        the list of its models
"""
