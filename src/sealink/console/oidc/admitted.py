"""Who may use the console, of those whom the provider knows. Pure."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from sealink.console.oidc.settings import OidcSettings


def verified_email(claims: Mapping[str, Any]) -> str:
    """The address that the provider vouches for; "" if there is none. Anybody can claim any other."""
    email = claims.get("email")
    return email if isinstance(email, str) and claims.get("email_verified") is True else ""


def is_admitted(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Whether a person of whom the provider says this may use the console."""
    email = verified_email(claims).lower()
    if email and any(fnmatchcase(email, pattern.lower()) for pattern in settings.allowed_emails):
        return True
    return any(_has(claims.get(name), values) for name, values in settings.allowed_claims.items())


def _has(claim: Any, values: tuple[str, ...]) -> bool:
    given = claim if isinstance(claim, list) else [claim]
    return any(each in values for each in given if isinstance(each, str))


def name_of(claims: Mapping[str, Any], settings: OidcSettings) -> str:
    """What the audit calls the person: nobody else can have this name."""
    return verified_email(claims) or f"{claims['sub']} of {urlsplit(settings.issuer).hostname}"


def refusal_of(claims: Mapping[str, Any], settings: OidcSettings) -> str:
    """Why a person is not admitted, in words for them."""
    told = f"{name_of(claims, settings)} may not use this console."
    if claims.get("email") and not verified_email(claims):
        told += f" The provider does not say that {claims['email']} is a verified address."
    return f"{told} Who may is set by allowed_emails and allowed_claims in [admin.oidc]."
