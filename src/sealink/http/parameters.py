"""What the parameters of a query say."""

from collections.abc import Callable
from typing import TypeVar

from sealink.errors import InvalidRequest

T = TypeVar("T")


def parse_parameter(kind: Callable[[str], T], text: str, name: str) -> T:
    """What the parameter `name` says, by `kind`, which raises ValueError for what it does not understand; that becomes
    an InvalidRequest that names the parameter."""
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidRequest(f"`{name}`: {error}.", code="invalid_value", param=name) from error
