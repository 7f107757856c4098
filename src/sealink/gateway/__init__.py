"""The gateway: from a client's request to a model's answer, with failover between targets, and to its settlement.

endpoints         the table of the public port: which path is answered by what
answers           endpoints where a model answers; model_api: what is spoken there
models            endpoints that list models
streams           endpoints that resume and cancel detached streams
token_counts      endpoints that count the tokens of a request
health            endpoints that say that SeaLink is there
admission         whether a request may be answered; admitted_request: one that may
exchange          one admitted request's states, the commit point, its end
chat, embeddings  the operations: how a target is asked, and its answer read
failover          from target to target until one answers
delivery          the stream on its way to the client: pump, timers, heartbeats, resuming
services          what the exchanges of one process share
account           what an exchange is settled as; metering: usage and cost
observers         who is told of admissions and settlements: the ledger, and others
headers           response headers of answers
"""
