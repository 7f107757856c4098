"""Google Cloud's access tokens, by Google's own library, google-auth (the extra `sealink[vertex]`).

https://cloud.google.com/docs/authentication/application-default-credentials
"""

from typing import Any, Final

from sealink.daemon_thread import SingleFlight
from sealink.errors import HeaderList, UpstreamError
from sealink.providers.signers.signing import Settings

SCOPES: Final = ["https://www.googleapis.com/auth/cloud-platform"]


def signer_for(service: str, settings: Settings) -> "GoogleSigner":
    """A signer with the `credentials` file of a service account, or with what Google's own tools find (ADC)."""
    return GoogleSigner(settings.get("credentials", ""))


class GoogleSigner:
    """A Signer. A token serves all requests for about an hour; then one of them fetches the next."""

    def __init__(self, file: str = "") -> None:
        import google.auth.transport.requests

        self._file = file
        self._fetch = google.auth.transport.requests.Request()
        self._credentials: Any = None
        self._renewal = SingleFlight(self._renew)

    async def sign(self, method: str, url: str, headers: HeaderList, body: bytes) -> HeaderList:
        if self._credentials is None or not self._credentials.valid:
            await self._renewal.result()
        return (("authorization", f"Bearer {self._credentials.token}"),)

    def _renew(self) -> None:
        """Find the credentials, and fetch a token."""
        from google.auth.exceptions import GoogleAuthError

        try:
            if self._credentials is None:
                self._credentials = self._found()
            if not self._credentials.valid:
                self._credentials.refresh(self._fetch)
        except (GoogleAuthError, OSError, ValueError) as error:
            raise UpstreamError(f"Google Cloud credentials: {error}", code="upstream_credentials") from error

    def _found(self) -> Any:
        import google.auth
        import google.oauth2.service_account

        library: Any = google.auth
        if not self._file:
            return library.default(scopes=SCOPES)[0]
        account: Any = google.oauth2.service_account.Credentials
        return account.from_service_account_file(self._file, scopes=SCOPES)
