"""From a request to its answer: who may ask, which target is tried, how it ends, and what it cost.

endpoints           the public port's paths; cors, headers, models: what they answer with
call                an admitted request, and what all of them share
exchange            one request's states, the commit point, its end; client_stream: what its client is told
attempts            from target to target until one answers; attempt: one of them; race: two side by side
trial               how an attempt went, for health and account
account             what it is settled as; metering: what an attempt used and cost
heartbeat           when a silent stream's client hears of us
draining            reading on for a client that has left; stream_log: keeping it for one that comes back
embeddings          the same for embeddings; token_counts: how many tokens a request has
"""
