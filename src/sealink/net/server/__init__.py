"""The HTTP/1.1 server: connections in, each request to the handler, responses out in order.

server               what listens, starts handlers and stops; limits: what it allows
client_connection    one client: bytes to requests, requests to the handler one at a time
request_parser       a client's bytes in, whole requests out
known_head           a head that was parsed before
buffered_bytes       how many bytes of request bodies are held, and may be
body_decoder         request bodies that are compressed
response_writer      the server's end of one response
tls                  the certificate of a port, and its renewal
"""

from sealink.net.server.limits import ServerLimits
from sealink.net.server.server import Handler, Server
from sealink.net.server.tls import CertificateError, ServerTls

__all__ = ["CertificateError", "Handler", "Server", "ServerLimits", "ServerTls"]
