"""[admin.oidc]: who else may sign in to the console."""

import ipaddress
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

import msgspec

from sealink.amounts import Seconds

CALLBACK: Final = "/login/oidc/callback"
"""Where the provider sends browsers back to."""


class OidcSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[admin.oidc]: an OpenID Connect provider by which people sign in to the console, besides the admin token. Off
    unless there is an `issuer`."""

    issuer: str = ""
    """The provider, as it calls itself: `https://accounts.example.com`. It tells the rest at
    `/.well-known/openid-configuration` behind that."""
    client_id: str = ""
    """What the provider calls this SeaLink. There the address `/login/oidc/callback` of the admin port has to be
    registered."""
    client_secret: str = ""
    """The secret that belongs to it, from a variable. Empty for a public client."""
    allowed_emails: tuple[str, ...] = ()
    """Who is admitted: addresses, or patterns of them (`*@example.com`). Only those count that the provider says it has
    verified."""
    allowed_claims: dict[str, tuple[str, ...]] = {}
    """Who is admitted, too: whose claim of that name is, or has in it, one of these:
    `{ groups = ["operators"] }`."""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    """What is asked of the provider. Some need one more for a claim such as `groups`."""
    redirect_url: str = ""
    """The address of `/login/oidc/callback` as the provider knows it. Default: that by which the browser has called the
    port."""
    timeout_s: Seconds = 5.0
    """How long each answer of the provider may take."""
    begun_s: Seconds = 600.0
    """How long a person may take at the provider."""


def wrong_oidc(settings: OidcSettings) -> Iterator[tuple[str, str]]:
    """The fields that cannot work, and why."""
    if not settings.issuer:
        for name in ("client_id", "client_secret", "allowed_emails", "allowed_claims", "redirect_url"):
            if getattr(settings, name):
                yield name, f"{name}: a sign-in needs an `issuer` too"
        return
    if not _is_safe(settings.issuer):
        yield "issuer", f"issuer: {settings.issuer!r} is not an https URL; http is for this machine only"
    if settings.redirect_url and not _is_safe(settings.redirect_url):
        yield "redirect_url", f"redirect_url: {settings.redirect_url!r} is not an https URL"
    if not settings.client_id:
        yield "issuer", "issuer: a sign-in needs a `client_id` too"
    if not settings.allowed_emails and not settings.allowed_claims:
        yield "issuer", "issuer: nobody is admitted: set `allowed_emails` or `allowed_claims`"
    if "openid" not in settings.scopes:
        yield "scopes", "scopes: there has to be `openid`"
    if find_spec("authlib") is None or find_spec("requests") is None:
        yield "issuer", "issuer: authlib is not installed: pip install 'sealink[oidc]'"


def _is_safe(url: str) -> bool:
    """Whether it is an https URL, or one of this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
