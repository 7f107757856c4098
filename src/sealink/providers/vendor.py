"""What is known of a vendor, and a vendor as the user configured it."""

from collections.abc import Callable

import msgspec

from sealink.errors import HeaderList
from sealink.wire.dialect import UpstreamDialect

Auth = Callable[[str], HeaderList]


def bearer(api_key: str) -> HeaderList:
    """`Authorization: Bearer …`, as OpenAI and most others take it."""
    return (("authorization", f"Bearer {api_key}"),)


def x_api_key(api_key: str) -> HeaderList:
    """`x-api-key: …`, as Anthropic takes it."""
    return (("x-api-key", api_key),)


class Vendor(msgspec.Struct, frozen=True):
    """One vendor's public facts. A vendor is one file with one of these, and one line in providers/__init__.

    `base_url` is what the vendor's own SDK would be given. `key_variable` is the environment variable its
    users keep their key in. `serves` are patterns of the model names that it answers to when SeaLink runs
    without a config; `models` are those that GET /v1/models then lists.
    """

    name: str
    dialect: str
    base_url: str
    key_variable: str
    auth: Auth = bearer
    serves: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class Timeouts(msgspec.Struct, frozen=True):
    """The four timers of an exchange, in seconds.

    `connect_s`: until the connection stands. `first_content_s`: from the request until the first real
    delta. `idle_s`: between two reads from the upstream. `total_s`: the whole exchange.
    """

    connect_s: float = 5.0
    first_content_s: float = 60.0
    idle_s: float = 60.0
    total_s: float = 3600.0


class Provider(msgspec.Struct, frozen=True):
    """A place to send requests to: an address, a dialect, and the headers that open the door."""

    name: str
    dialect: UpstreamDialect
    base_url: str
    headers: HeaderList = ()
    simulated: bool = False
