"""The connections to upstreams: which are open, which are free, and a request out on the best of them.

pool                 a request out, on a connection that is kept or opened; warm_pool: some are kept open; limits
connection           one socket to one origin: a request out, its response in
response             one response as it comes in; content_encoding: what else than plain bytes it may be
request_head         the head of a request as it goes out
dial                 how a connection is opened; origin: to where; proxy: through what
failure              what went wrong, in SeaLink's words
"""

from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.pool import UpstreamPool
from sealink.net.client.proxy import Proxies

__all__ = ["Proxies", "UpstreamLimits", "UpstreamPool"]
