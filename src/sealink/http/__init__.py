"""HTTP above the connection, for the public and the admin port alike. It knows no models.

endpoint   one entry of a port's table: method, path, handler, error shape, body limit
dispatch   finds a request's endpoint, runs its handler, and answers 404, 405, OPTIONS, HEAD and errors
near_paths paths that are nearly right
parameters what the parameters of a query say
responses  headers that every answer has, JSON answers, request ids
asgi       an ASGI application as handler, for pages
cors       which browsers' pages may read the answers
"""

from sealink.http.dispatch import Dispatcher
from sealink.http.endpoint import Endpoint, ErrorBody, Handler, RequestContext

__all__ = ["Dispatcher", "Endpoint", "ErrorBody", "Handler", "RequestContext"]
