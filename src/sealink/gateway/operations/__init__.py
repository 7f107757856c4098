"""Operations: how the request for a target is written, and its answer read. All else is the same for all of them.

chat          a stream or a whole answer, in any client's dialect, from any upstream's
embeddings    embeddings, in OpenAI's format
token_counts  an upstream's count of the tokens of a request
"""
