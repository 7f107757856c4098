"""What upstreams send, recorded as fixtures for tests: `sealink record`.

fixture   an answer → meta.json and response.body, without anything that is secret
pool      a pool of connections that records each complete answer
"""
