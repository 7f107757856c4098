"""The environment of the process: the only place that reads it."""

import os
from collections.abc import Mapping
from typing import Final

from sealink.config.mistakes import ConfigError
from sealink.net.client.proxy import Proxies

VARIABLES: Final[Mapping[str, str]] = os.environ


def proxies_from(variables: Mapping[str, str] = VARIABLES) -> Proxies:
    """HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case; the lower-case one wins, as in curl.

    Raises ConfigError for an address that is none.
    """

    def value(name: str) -> str:
        return variables.get(name.lower()) or variables.get(name) or ""

    no_proxy = tuple(part.strip() for part in value("NO_PROXY").split(",") if part.strip())
    try:
        return Proxies(http=value("HTTP_PROXY") or None, https=value("HTTPS_PROXY") or None, no_proxy=no_proxy)
    except ValueError as error:
        raise ConfigError(f"HTTP_PROXY or HTTPS_PROXY: {error}") from error
