"""What upstreams really send, kept as fixtures for tests: `sealink record`.

fixture   an answer → meta.json and response.body, without anything that is secret
pool      watches a pool of connections, and keeps each answer that has come whole
"""
