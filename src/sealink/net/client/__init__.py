"""Connections to upstreams: opened, kept, reused, and a request out on one of them.

pool              the connections to all upstreams: a request out, a response in
origin_pool       those to one origin; warm_pool: some of them are kept open ahead of requests
limits            how many there may be, how long they are kept, what they may hold
connection        one socket to one origin: a request out, its response in, one after the other
response          one response as it comes in; plain_response: nearly all of them; content_encoding: decompressing it
request_head      the head of a request as it goes out
dial              opening a connection, with TLS, through a proxy
resolver          a host's addresses; happy_eyeballs: a socket to one of them
origin            scheme, host and port of a URL; proxy: which proxy leads there
failure           what went wrong, as a SealinkError
"""

from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.pool import UpstreamPool
from sealink.net.client.proxy import Proxies

__all__ = ["Proxies", "UpstreamLimits", "UpstreamPool"]
