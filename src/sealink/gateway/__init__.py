"""The gateway: from a client's request to a model's answer, with failover between targets, and to its settlement.

endpoints         the table of the public port: which path is answered by what
handlers          what answers there
admission         whether a request may be answered; admitted_request: one that may
gate              what a gate of admission is
undecided         a request that a gate has not decided on yet
refusals          the rows of requests that may not
gates             more conditions of admission: load, sizes; and advice
model_api         what an endpoint speaks at which models answer
exchange          one admitted request's states, the commit point, its end
operations        how a target's request is written, and its answer read: chat, embeddings, token counts
failover          from target to target until one answers
delivery          the stream on its way to the client: pump, timers, heartbeats, resuming
timer_wheel       the timers of all of them
services          what the exchanges of one process share
account           what an exchange is settled as; metering: usage and cost
open_exchanges    those that have not ended yet
observers         are notified of admissions and settlements: the ledger, and others
limits            limits, budgets and balances put in force
headers           response headers of answers
"""
