"""Finds out what the way to an endpoint does to streams: `sealink doctor`.

verdict         what a check has found: a level, words, the line to change
check           the shape of a check: a name, a probe, a verdict
plan            how long and how much is probed
session         the endpoint that is examined: its model, its answers, what has been measured once for several checks
reception       an answer as it arrives, each piece with its time
tokens          the stamped tokens of a reception, and how late each of them came
bursts          tokens that came together: held back by size, or by time
intermediaries  what stands in between, as the headers tell, and the lines to change there
checks/         one check a file
diagnosis       all checks, in order and in time
conformance/    the rules of the APIs, and a scorecard of how an endpoint keeps them (`--conformance`)
margin          words beside a name in the margin
progress        what shows that it goes on
terminal        a diagnosis in a terminal, or as JSON
"""
