"""One file per vendor: its name, addresses, key variable, and what it does differently from its dialect."""
