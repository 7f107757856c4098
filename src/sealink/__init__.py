"""SeaLink: a streaming-first LLM gateway. ARCHITECTURE.md leads through it; start reading in gateway/exchange.py."""

__version__ = "0.1.0"
