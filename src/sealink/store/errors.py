"""What a store raises, and what people are told of it."""

from sealink.errors import InvalidRequest, SealinkError, ServiceUnavailable


class StoreError(Exception):
    """The store's URL cannot be used. The message says why and never contains the password."""


class StoreTooNew(StoreError):
    """A newer SeaLink has changed the tables. The message names both versions."""


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked, or refused a statement. The message is the database's own."""


class ValueRefused(StoreUnavailable):
    """The database cannot hold a value, or compare with it: PostgreSQL has no text with a NUL character, and no number
    above 2^63."""


def answer_to(error: StoreError | StoreUnavailable) -> SealinkError:
    """The answer to a request that has needed the store."""
    if isinstance(error, ValueRefused):
        return InvalidRequest(f"The store does not take such a value: {error}", code="invalid_value")
    return ServiceUnavailable(f"The store cannot be used: {error}", code="store_unavailable")
