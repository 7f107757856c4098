"""The commands, a file for each: main lists them.

serve, workers     the gateway, in one process or in several on one port
check              is a config right, and what would each model use
chat               one question, streamed to the terminal
usage              what the ledger says; usage_tables shows it to people
providers          which vendors are known
record             the gateway, keeping what upstreams answer
sim                a stand-in for a provider

configuration, process   which config a command runs with, and one process's whole life
"""
