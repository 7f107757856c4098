"""How the simulated model writes answers: a class for each wire format, with the methods of `wire.SimWire`."""
