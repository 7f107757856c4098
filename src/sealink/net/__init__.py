"""HTTP/1.1 over sockets, in both directions. It knows nothing of language models.

server   what clients connect to
client   connections to upstreams
message  a request, and the two ends between which its answer travels, as protocols
"""
