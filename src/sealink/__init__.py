"""SeaLink: a streaming-first LLM gateway. ARCHITECTURE.md has the map; start reading in gateway/exchange.py."""

__version__ = "0.1.0"
