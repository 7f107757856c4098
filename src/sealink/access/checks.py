"""What is checked in the rules of a key or team besides the types of fields: for sealink.toml, commands and the API."""

import ipaddress
from collections.abc import Iterator
from typing import Final

from sealink.access.keys import KeyRules, TeamRules

CONSOLE_KEY: Final = "console"
"""The name of the built-in key that the console's playground uses: no other key has it."""
MAX_NAME: Final = 200
"""Characters of a name."""
MAX_PAID_IN_USD: Final = 1_000_000
"""Of what is paid into a balance at once, or taken back."""


def wrong_name(name: str) -> str | None:
    """Why a key or team cannot have this name; None if it can."""
    if not name.isprintable() or not name.strip():
        return f"{name!r} is not a name: it must have visible characters only"
    if len(name) > MAX_NAME:
        return f"a name may have {MAX_NAME} characters, not {len(name)}"
    return None


def wrong_rules(rules: KeyRules | TeamRules) -> Iterator[tuple[str, str]]:
    """Each field that cannot work, and why."""
    if isinstance(rules, KeyRules):
        yield from _wrong_patterns(rules)
        yield from _wrong_networks(rules.allowed_networks)


def _wrong_patterns(rules: KeyRules) -> Iterator[tuple[str, str]]:
    if any(not pattern for pattern in rules.models):
        yield "models", "models: an empty pattern fits no model"
    for pattern in rules.endpoints:
        if not pattern.startswith(("/", "*")):
            yield "endpoints", f"endpoints: {pattern!r} is not a path; paths begin with /"


def _wrong_networks(networks: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            yield "allowed_networks", f"allowed_networks: {network!r} is not a network: 10.0.0.0/8, 2001:db8::/32"
