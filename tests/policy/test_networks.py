"""From where a key may be used, and for which endpoints."""

import pytest

from sealink.access.keys import ApiKey
from sealink.errors import PermissionDenied
from sealink.policy.auth import require_place
from sealink.policy.networks import is_in

OURS = ("10.0.0.0/8", "192.168.1.7", "2001:db8::/32")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.1", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("192.168.1.7", True),
        ("192.168.1.8", False),
        ("2001:db8::1", True),
        ("2001:DB8:0:0::1", True),
        ("2001:db9::1", False),
        ("::ffff:10.1.2.3", True),  # an IPv4 client of a socket that listens on ::
        ("::ffff:11.1.2.3", False),
        ("fe80::1%eth0", False),
        ("", False),
        ("localhost", False),
        ("10.0.0.1.example", False),
    ],
)
def test_an_address_lies_in_a_network_or_not(address: str, expected: bool) -> None:
    assert is_in(OURS, address) is expected


@pytest.mark.parametrize("network", ["10.0.0.0/8", "10.1.2.3/8", "0.0.0.0/0", "10.0.0.0/255.0.0.0"])
def test_ways_to_write_a_network(network: str) -> None:
    assert is_in((network,), "10.9.9.9")
    assert not is_in((network,), "::1")


def refusal(key: ApiKey, address: str, path: str) -> str | None:
    """The code of the 403; None where the key may be used."""
    try:
        require_place(key, address, path)
    except PermissionDenied as error:
        return f"{error.status} {error.code}"
    return None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/chat/completions", None),
        ("/v1/messages", None),
        ("/v1/messages/count_tokens", "403 endpoint_not_allowed"),
        ("/v1/embeddings", "403 endpoint_not_allowed"),
        ("/anthropic/v1/messages", "403 endpoint_not_allowed"),
    ],
)
def test_endpoints_are_patterns_of_paths(path: str, expected: str | None) -> None:
    key = ApiKey(name="k", endpoints=("/v1/chat/*", "/v1/messages"))
    assert refusal(key, "127.0.0.1", path) == expected


def test_without_networks_and_endpoints_a_key_may_be_used_anywhere() -> None:
    assert refusal(ApiKey(name="k"), "", "/anything") is None


def test_networks_are_those_of_the_key() -> None:
    key = ApiKey(name="k", allowed_networks=OURS)
    assert refusal(key, "10.2.3.4", "/v1/models") is None
    assert refusal(key, "127.0.0.1", "/v1/models") == "403 network_not_allowed"
