"""Addresses of this machine."""

from typing import Final

LOOPBACK: Final = "127.0.0.1"


def printable(host: str) -> str:
    """A host as it is written in a URL that this machine can open."""
    if host in ("0.0.0.0", ""):
        return LOOPBACK
    if host == "::":  # asyncio does not take IPv4 connections there
        return "[::1]"
    host = host.replace("%", "%25", 1)  # a link-local address's interface, RFC 6874
    return f"[{host}]" if ":" in host else host
