"""The only room that awaits sockets.

serving    the HTTP/1.1 server that clients speak to
upstream   the connections to providers
message    a request, and the two ends that its answer travels between
pump       moves one stream from its upstream to its client; silence: how long nothing was heard, and what is due then
"""
