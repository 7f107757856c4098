"""Which key a request is sent with, and whether that key may be used from there, for this endpoint and this model."""

from fnmatch import fnmatchcase
from typing import Protocol

from sealink.errors import PermissionDenied
from sealink.policy.networks import is_in


class Caller(Protocol):
    """A key, as access/keys.py records it: its name, and the networks and endpoints it may use, none for all."""

    @property
    def name(self) -> str: ...
    @property
    def allowed_networks(self) -> tuple[str, ...]: ...
    @property
    def endpoints(self) -> tuple[str, ...]: ...


class ModelUser(Protocol):
    """A key, as access/keys.py records it: its name, and the patterns of the models it may use, none for all."""

    @property
    def name(self) -> str: ...
    @property
    def models(self) -> tuple[str, ...]: ...


def presented_key(headers: dict[str, str]) -> str:
    """The secret in a request's headers, "" if there is none. Anthropic's clients send `x-api-key`."""
    authorization = headers.get("authorization", "")
    if authorization.startswith("Bearer "):  # nearly always
        return authorization[7:].strip()
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def require_place(key: Caller, address: str, path: str) -> None:
    """Raises PermissionDenied if the key may not be used from this address, or on this path."""
    if key.allowed_networks and not is_in(key.allowed_networks, address):
        raise PermissionDenied(
            f"The key {key.name!r} may not be used from the address {address}.", code="network_not_allowed"
        )
    if key.endpoints and not any(fnmatchcase(path, pattern) for pattern in key.endpoints):
        raise PermissionDenied(f"The key {key.name!r} may not use {path}.", code="endpoint_not_allowed")


def may_use(key: ModelUser, model: str) -> bool:
    """Whether the key may use the model."""
    return not key.models or any(fnmatchcase(model, pattern) for pattern in key.models)


def require_model(key: ModelUser, model: str) -> None:
    """Raises PermissionDenied if the key may not use the model."""
    if not may_use(key, model):
        raise PermissionDenied(f"The key {key.name!r} may not use the model {model!r}.", param="model")
