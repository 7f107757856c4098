"""Handlers of the public port's endpoints (gateway/endpoints.py).

answers       a model answers, by an exchange
token_counts  the tokens of a request are counted
models        models are listed
own_usage     a key's holder is told of the key, and of its usage; billing: the same in shapes that desktop clients know
streams       detached streams are resumed and cancelled
health        SeaLink says that it is there
"""
