"""What an upstream of Bedrock's Converse API is sent, and the answers and errors it returns.

dialect        the UpstreamDialect
write_request  a neutral request → POST /model/{modelId}/converse-stream, or /converse
turns          its conversation
media          its images, documents and audio
tools          its tools
families       parameters that only the models of one vendor take
decode         the messages of a binary event stream, or a whole answer → events
blocks         the content blocks of an answer
errors         Bedrock's errors → SeaLink's
"""
