"""Where SeaLink listens, and how one that runs is followed by another without a connection being refused.

address     addresses of this machine
sockets     the sockets of a config's addresses, opened
shares      the sockets of several workers
systemd     sockets that systemd has opened, and what it is told
takeover    sockets that the SeaLink before hands over
"""
