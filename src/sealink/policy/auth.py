"""Which key a request is sent with, and whether that key may use a model."""

from fnmatch import fnmatchcase
from typing import Protocol

from sealink.errors import PermissionDenied


class ModelUser(Protocol):
    """A key, as access/keys.py records it: its name, and the patterns of the models it may use, none for all."""

    @property
    def name(self) -> str: ...
    @property
    def models(self) -> tuple[str, ...]: ...


def presented_key(headers: dict[str, str]) -> str:
    """The secret in a request's headers, "" if there is none. Anthropic's clients send `x-api-key`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def may_use(key: ModelUser, model: str) -> bool:
    """Whether the key may use the model."""
    return not key.models or any(fnmatchcase(model, pattern) for pattern in key.models)


def require_model(key: ModelUser, model: str) -> None:
    """Raises PermissionDenied if the key may not use the model."""
    if not may_use(key, model):
        raise PermissionDenied(f"The key {key.name!r} may not use the model {model!r}.", param="model")
