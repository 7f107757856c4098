"""Which proxy a connection goes through, if any. How it goes through: dial.py and request_head.py."""

import ipaddress
import re
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from sealink.net.client.origin import DEFAULT_PORTS, Origin

_NAME_AND_PORT = re.compile(r"(\[[^]]+\]|[^:]+):([0-9]+)")


class Proxy(msgspec.Struct, frozen=True):
    """One proxy: where it is, and the value of Proxy-Authorization it wants ("" for none)."""

    origin: Origin
    authorization: str = ""

    def __str__(self) -> str:
        return f"proxy {self.origin}"


class Proxies(msgspec.Struct, frozen=True):
    """The proxies to use, as HTTP_PROXY, HTTPS_PROXY and NO_PROXY name them; config/environment.py reads those.

    `http` and `https` are the proxies' URLs for http:// and https:// upstreams: `http://[user:password@]host[:port]`
    or https://; a bare `host:port` means http://. SOCKS is not supported. A URL that cannot be used is a ValueError.

    `no_proxy` lists who is reached directly, by curl's rules (https://curl.se/docs/manpage.html#--noproxy): a name
    stands for itself and its subdomains, with or without a leading dot; an address or a CIDR block for what is in it;
    `name:port` for that port only; `*` for everything. Loopback is not exempt unless it is listed.
    """

    http: str | None = None
    https: str | None = None
    no_proxy: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, url in (("http", self.http), ("https", self.https)):
            try:
                if url:
                    parse_proxy(url)
            except ValueError as error:
                raise ValueError(f"the {name} proxy: {error}") from None  # the URL may hold a password

    def choose(self, origin: Origin) -> Proxy | None:
        """The proxy for connections to `origin`, None to go there directly."""
        url = self.https if origin.is_tls else self.http
        if not url or any(_exempts(entry.strip(), origin) for entry in self.no_proxy):
            return None
        return parse_proxy(url)


def parse_proxy(url: str) -> Proxy:
    """The proxy that `url` names. Raises ValueError, in words that do not repeat the URL."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError(f"a {parts.scheme}:// proxy is not supported, only http:// and https://")
    if not parts.hostname:
        raise ValueError("it names no host")
    try:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise ValueError("its port is not a number from 0 to 65535") from None
    return Proxy(Origin(parts.scheme, parts.hostname, port), _basic_authorization(parts))


def _basic_authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + b64encode(credentials.encode()).decode("ascii")  # RFC 7617


def _exempts(entry: str, origin: Origin) -> bool:
    """Whether an entry of no_proxy covers `origin`."""
    if with_port := _NAME_AND_PORT.fullmatch(entry):
        entry, port = with_port.groups()
        if int(port) != origin.port:
            return False
    return entry == "*" or _covers(entry.strip("[]").lower(), origin.host)


def _covers(entry: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:  # one of the two is a name
        domain = entry.strip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
