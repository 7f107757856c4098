"""Addresses of this machine."""

import ipaddress
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


def connectable(host: str) -> str:
    """An address of this machine at which that is reached which listens on `host`."""
    return {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
