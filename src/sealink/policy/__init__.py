"""Decisions, one question a file. Pure: no clock, no randomness, no sockets; what they need to know they are given.

auth          which key a request is sent with, and what it may be used for
networks      whether an address lies in a key's networks
routing       which targets a model name leads to
health        recent attempts of each target, and the order in which targets are tried
breaker       when a target that fails is not tried for a while
retry         what follows an attempt that failed before anything was sent to the client
client_retry  whether, and when, a client should send a request that failed again
hedging       whether a second attempt is started beside one that is slow
limits        whether a request fits into sliding windows: requests and tokens a minute, requests a day, open streams
queueing      who is next where requests wait in line for a limit
budgets       the periods of budgets, and how much money a request may take
advice        which requests would better be streamed, and which better not
token_bucket  how often something costly may be done
"""
