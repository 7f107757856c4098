"""One upstream stream becomes one client stream: lane, passthrough and translation, templates, outcome, fold."""
