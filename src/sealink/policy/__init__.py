"""Decisions, one question a file. Pure: no clock, no randomness, no sockets; what they need to know they are given.

auth          which key a request is sent with, and whether it may use a model
routing       which upstreams a model name leads to, in which order
health        what recent attempts tell about each of them
breaker       when an upstream is left alone for a while
retry         what to do about an attempt that failed before the client was told anything
client_retry  whether, and when, a client should send a request that failed again
hedging       whether a second attempt is started beside one that is slow
token_bucket  how often something costly may be done
"""
