"""Wire formats: bytes ⇄ events. Pure: bytes and plain data in, bytes and plain data out.

framing     an upstream's bytes cut into frames
raw_json    JSON objects whose values stay as they were on the wire
stream      how one upstream stream becomes one client stream
dialect     what a wire format must be able to do, as a client's and as an upstream's
model_list  how an upstream is asked for its models
dialects    the wire formats, and the rules that several of them share
identifiers call ids and tool names that a target takes
retry_after when an upstream wants to be asked again
rate_limits limits as OpenAI's clients read them
structured_output  whether a request asks for JSON, or for a function call
embeddings  OpenAI's embeddings, and the formats of several upstreams
"""
