"""Several processes on one port, `serve --workers`.

supervisor     the process that starts them, stops them, and replaces those that die
restarts       when one that has ended is started anew
waiting        how that process waits for them, and for signals
shared_config  what they have in force, for the next one
"""
