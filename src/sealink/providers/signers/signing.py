"""How requests are signed, as data: a config is checked with it before any cloud's library is imported."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol

import msgspec

from sealink.errors import HeaderList

Settings = Mapping[str, str]
"""What a vendor must know besides a key, by name: `region`, `project`, …"""


class Signer(Protocol):
    """Makes the headers that authorize a request, for vendors where a key in a fixed header does not."""

    async def sign(self, method: str, url: str, headers: HeaderList, body: bytes) -> HeaderList:
        """The headers to send besides `headers`. Never blocks the loop. Raises UpstreamError where credentials fail."""


class SignerUnavailable(Exception):
    """The library that signs is not installed. The message says how to install it."""


class Signing(msgspec.Struct, frozen=True):
    """How a vendor's requests are signed: by the file `module` of this folder, for `service`.

    `libraries` must be installed; `missing` is the message for the user if one is not.
    """

    module: str
    libraries: tuple[str, ...]
    missing: str
    service: str = ""

    def require_libraries(self) -> None:
        """Raises SignerUnavailable if one is not installed."""
        if not all(map(_is_installed, self.libraries)):
            raise SignerUnavailable(self.missing)

    def signer(self, settings: Settings) -> Signer:
        """A signer with a provider's settings."""
        made: Signer = import_module(f"{__package__}.{self.module}").signer_for(self.service, settings)
        return made


def aws_sigv4(service: str) -> Signing:
    """AWS Signature Version 4, for the `region` and the `profile` of the settings."""
    return Signing(
        "aws",
        ("botocore",),
        "without an `api_key`, requests are signed; that needs Amazon's library: pip install botocore",
        service,
    )


GOOGLE_ACCESS_TOKEN: Final = Signing(
    "google",
    ("google.auth", "requests"),
    "requests carry an access token; fetching it needs Google's library: pip install 'google-auth[requests]'",
)
"""Google Cloud's access tokens, for the `credentials` file of the settings or those that the machine has."""


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its parent package is
        return False
