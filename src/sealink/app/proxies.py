"""The proxies that the environment names."""

from sealink.app.listening.address import LOOPBACK
from sealink.config import ConfigError
from sealink.config.environment import ProxyVariables, proxy_variables
from sealink.net.client import Proxies


def proxies_of(variables: ProxyVariables) -> Proxies:
    """The proxies to connect through; never to this machine, where the simulated models are.

    Raises ConfigError for an address that cannot be used.
    """
    try:
        return Proxies(http=variables.http, https=variables.https, no_proxy=(*variables.no_proxy, LOOPBACK))
    except ValueError as error:
        raise ConfigError(f"HTTP_PROXY or HTTPS_PROXY: {error}") from error


def proxies_of_the_environment() -> Proxies:
    """As HTTP_PROXY, HTTPS_PROXY and NO_PROXY say."""
    return proxies_of(proxy_variables())
