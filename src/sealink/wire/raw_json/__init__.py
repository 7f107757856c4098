"""JSON objects whose values stay as they were on the wire, and readers of request fields."""
