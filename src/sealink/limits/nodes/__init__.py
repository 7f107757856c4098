"""Counters that several nodes share, in Redis or Valkey. All but `settings` is imported only where they are used.

node_counters  admits and settles with Redis; while it is away, with this machine's counters and its share of each limit
asking         an admission on its way to Redis and back
batch          requests that Redis lets in before they come, and what it is told of them when they have ended
connection     one connection to Redis: the commands of one turn of the event loop go out together
commands       what counters.lua, the script that decides and counts in Redis, is told
answers        what it answers
local_share    what a node may use by itself
settings       [shared]
"""
