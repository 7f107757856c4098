"""AWS Signature Version 4, by Amazon's own library, botocore (the extra `sealink[bedrock]`).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from typing import Any, Final

from sealink.daemon_thread import SingleFlight
from sealink.errors import HeaderList, UpstreamError
from sealink.providers.signers.signing import Settings

NO_CREDENTIALS: Final = (
    "No AWS credentials were found: set `api_key` or `profile` (or AWS_PROFILE), "
    "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)


def signer_for(service: str, settings: Settings) -> "AwsSigner":
    """A signer for a service in a `region`, with the credentials of a `profile` if there is one."""
    return AwsSigner(service, settings["region"], settings.get("profile", ""))


class AwsSigner:
    """A Signer. Credentials come from where AWS's own tools look for them: environment, files, SSO, the machine."""

    def __init__(self, service: str, region: str, profile: str = "") -> None:
        import botocore.session

        self._service, self._region = service, region
        self._session = botocore.session.Session(profile=profile or None)
        self._credentials: Any = None
        self._search = SingleFlight(self._look)

    async def sign(self, method: str, url: str, headers: HeaderList, body: bytes) -> HeaderList:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        signed = {name: value for name, value in headers if name == "content-type"}
        request = AWSRequest(method=method, url=url, headers=signed, data=body)
        SigV4Auth(await self._keys(), self._service, self._region).add_auth(request)
        return [(name.lower(), value) for name, value in request.headers.items() if name not in signed]

    async def _keys(self) -> Any:
        """The keys of this moment. Looking for them and renewing them may ask a server: not on the loop."""
        if self._credentials is None or _must_be_renewed(self._credentials):
            return await self._search.result()
        return self._credentials.get_frozen_credentials()

    def _look(self) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            self._credentials = self._credentials or self._session.get_credentials()
            if self._credentials is None:
                raise UpstreamError(NO_CREDENTIALS, code="upstream_credentials")
            return self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise UpstreamError(f"AWS credentials: {error}", code="upstream_credentials") from error


def _must_be_renewed(credentials: Any) -> bool:
    return hasattr(credentials, "refresh_needed") and bool(credentials.refresh_needed())
