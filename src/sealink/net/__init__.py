"""HTTP/1.1 over sockets, in both directions. It knows nothing of language models.

server        what clients connect to
client        connections to upstreams
loop_timeout  a time limit that a busy event loop does not use up
siblings      questions between the processes of one SeaLink
header_lines  headers as they go out
message       a request, and the two ends between which its answer travels, as protocols
"""
