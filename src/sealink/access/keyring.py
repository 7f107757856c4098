"""The keys that are in force in this process."""

import hmac
from collections.abc import Iterable

from sealink.access.keys import ApiKey, digest_of
from sealink.errors import AuthenticationError
from sealink.policy.auth import presented_key


class Keyring:
    """The keys in force, found by the digest of their secrets.

    How long a lookup takes can tell something about a digest only, never about a secret.
    """

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._by_digest: dict[bytes, ApiKey] = {}
        self.replace(keys)

    def replace(self, keys: Iterable[ApiKey]) -> None:
        """Put these keys in force instead of those before. Requests that are already admitted keep their record."""
        self._by_digest = {key.digest: key for key in keys}

    def authenticate(self, headers: dict[str, str]) -> ApiKey:
        """The key that a request is sent with. Raises AuthenticationError if there is none, or none in force."""
        secret = presented_key(headers)
        if not secret:
            raise AuthenticationError(
                "No API key was sent. Send it as `Authorization: Bearer <key>` or `x-api-key: <key>`."
            )
        digest = digest_of(secret)
        key = self._by_digest.get(digest)
        if key is None or not hmac.compare_digest(key.digest, digest):
            raise AuthenticationError("The API key that was sent is not known here.")
        return key
