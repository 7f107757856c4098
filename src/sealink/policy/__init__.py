"""Decisions, one question a file. Pure: no clock, no chance, no sockets; what they need to know they are told.

auth       who may come in, and what each may use
routing    which upstreams a model name leads to, in which order
health     what recent attempts tell about each of them
breaker    when one is left alone for a while
retry      what to do about an attempt that failed before the client was told anything
hedging    whether a second one is asked beside one that is slow
allowance  how often something costly may be done
"""
