"""How the simulated model reads requests: a module for each wire format, whose `parse_request` returns an `Ask`."""
