"""Whether a client's address lies in one of the networks that a key may be used from."""

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_in(networks: tuple[str, ...], address: str) -> bool:
    """Whether an address lies in one of the networks. An address that cannot be read lies in none."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])  # without the zone of a link-local address
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped  # how an IPv4 client looks to a socket that listens on ::
    return any(found in network for network in _parsed(networks))


@lru_cache(maxsize=1024)
def _parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network, strict=False) for network in networks)
