"""What is asked of an OpenID Connect provider, by authlib: https://openid.net/specs/openid-connect-core-1_0.html.
Everything blocks."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException

from sealink.console.oidc.begun import Begun
from sealink.console.oidc.settings import OidcSettings
from sealink.errors import PermissionDenied, ServiceUnavailable

T = TypeVar("T")

_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Of signatures by the provider's own key: none by a secret that others know, too."""
_LEEWAY_S: Final = 60
"""By how much the provider's clock may differ from this one."""


def authorization_url(settings: OidcSettings, begun: Begun) -> str:
    """Where the browser is sent. Raises ServiceUnavailable."""
    with _session(settings, begun) as session:
        endpoint = _endpoint(_metadata(session, settings), "authorization_endpoint")
        url, _ = session.create_authorization_url(
            endpoint, state=begun.state, nonce=begun.nonce, code_verifier=begun.code_verifier
        )
    return str(url)


def claims_of(settings: OidcSettings, begun: Begun, code: str) -> dict[str, Any]:
    """What the provider says of the person whose browser has brought this code. Raises PermissionDenied for what cannot
    be trusted, ServiceUnavailable where it cannot be asked."""
    with _session(settings, begun) as session:
        metadata = _metadata(session, settings)
        token = _fetched_token(session, metadata, begun, code)
        claims = _id_token(session, settings, metadata, begun, token)
        if "email" not in claims and "userinfo_endpoint" in metadata:  # as some do who hand out an access token, too
            more = _asked(settings, lambda: session.get(_endpoint(metadata, "userinfo_endpoint")))
            if more.get("sub") == claims["sub"]:
                claims = {**more, **claims}
    return claims


def _session(settings: OidcSettings, begun: Begun) -> Any:
    return OAuth2Session(
        settings.client_id,
        settings.client_secret or None,
        scope=" ".join(settings.scopes),
        redirect_uri=begun.redirect_url,
        code_challenge_method="S256",
        default_timeout=settings.timeout_s,
    )


def _metadata(session: Any, settings: OidcSettings) -> dict[str, Any]:
    url = get_well_known_url(settings.issuer, external=True)
    metadata = _asked(settings, lambda: session.get(url, withhold_token=True))
    if metadata.get("issuer") != settings.issuer:
        raise ServiceUnavailable(f"{url} is of {metadata.get('issuer')!r}, and not of the issuer in [admin.oidc].")
    return metadata


def _fetched_token(session: Any, metadata: dict[str, Any], begun: Begun, code: str) -> dict[str, Any]:
    methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if session.client_secret and "client_secret_basic" not in methods:
        session.token_endpoint_auth_method = "client_secret_post"
    try:
        found = session.fetch_token(
            _endpoint(metadata, "token_endpoint"),
            grant_type="authorization_code",
            code=code,
            code_verifier=begun.code_verifier,
            redirect_uri=begun.redirect_url,
        )
    except AuthlibBaseError as error:
        raise PermissionDenied(f"The provider did not take the sign-in: {error.description or error.error}.") from error
    except (RequestException, ValueError) as error:
        raise ServiceUnavailable("The provider gave no token.") from error
    return dict(found)


def _id_token(
    session: Any, settings: OidcSettings, metadata: dict[str, Any], begun: Begun, token: dict[str, Any]
) -> dict[str, Any]:
    """The claims of the ID token, whose signature, issuer, audience, times and nonce are right."""
    keys: Any = _asked(settings, lambda: session.get(_endpoint(metadata, "jwks_uri"), withhold_token=True))
    options = {
        "iss": {"essential": True, "value": settings.issuer},
        "aud": {"essential": True, "value": settings.client_id},
    }
    params = {"nonce": begun.nonce, "client_id": settings.client_id, "access_token": token.get("access_token")}
    try:
        registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        read = jwt.decode(str(token.get("id_token", "")), KeySet.import_key_set(keys), registry=registry)
        claims = CodeIDToken(read.claims, read.header, options, params)
        claims.validate(leeway=_LEEWAY_S)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise PermissionDenied(f"The provider's token cannot be trusted: {error}.") from error
    return dict(claims)


def _asked(settings: OidcSettings, ask: Callable[[], Any]) -> dict[str, Any]:
    """The object that an address of the provider answers with."""
    host = urlsplit(settings.issuer).hostname
    try:
        answer = ask()
        answer.raise_for_status()
        found = answer.json()
    except (RequestException, AuthlibBaseError, ValueError) as error:
        raise ServiceUnavailable(f"The provider {host} cannot be asked: {type(error).__name__}.") from error
    if not isinstance(found, dict):
        raise ServiceUnavailable(f"The provider {host} has answered with what is no object.")
    return found


def _endpoint(metadata: dict[str, Any], name: str) -> str:
    url = metadata.get(name)
    if not isinstance(url, str):
        raise ServiceUnavailable(f"The provider does not say its {name}.")
    return url
