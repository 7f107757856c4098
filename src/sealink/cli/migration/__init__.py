"""`sealink import`: configs of other gateways.

- `commands`: the command
"""
