"""The admin port of a running SeaLink.

admin_port  the port: its server, its table, who is let in
all_processes  what all workers are asked together
masked_config  the config without its secrets
console     what the console's pages are told of the running SeaLink
"""
