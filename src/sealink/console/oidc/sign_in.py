"""A sign-in by the provider, from the link on the login page to the person's name."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sealink.console.oidc.admitted import is_admitted, name_of, refusal_of
from sealink.console.oidc.begun import Begun, BegunSignIns
from sealink.console.oidc.settings import OidcSettings
from sealink.daemon_thread import in_daemon_thread
from sealink.errors import PermissionDenied

T = TypeVar("T")

_AT_ONCE: Final = 4
"""Sign-ins that wait for the provider. It may hang, and nobody has to be signed in to ask for one."""


class OidcSignIn:
    """`settings` are those of [admin.oidc]."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._begun = BegunSignIns()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def begin(self, redirect_url: str, next_path: str) -> tuple[str, str]:
        """Where to send the browser, and what it is to keep. Raises ServiceUnavailable."""
        expires_at = self._clock() + self.settings.begun_s
        begun = self._begun.begin(self.settings.redirect_url or redirect_url, next_path, expires_at)
        return await self._asked(lambda: _authorization_url(self.settings, begun)), self._begun.cookie_of(begun)

    async def finish(self, cookie: str, state: str, code: str) -> tuple[str, str]:
        """The name of a person who is admitted, and the path that is to be shown. Raises PermissionDenied for others,
        ServiceUnavailable where the provider cannot be asked."""
        begun = self._begun.find(cookie, state, self._clock())
        if begun is None:
            raise PermissionDenied("This sign-in is too old, or was begun in another window. Please begin again.")
        claims = await self._asked(lambda: _claims_of(self.settings, begun, code))
        if not is_admitted(claims, self.settings):
            raise PermissionDenied(refusal_of(claims, self.settings))
        return name_of(claims, self.settings), begun.next_path

    async def _asked(self, call: Callable[[], T]) -> T:
        async with self._turns:
            return await in_daemon_thread(call)


def _authorization_url(settings: OidcSettings, begun: Begun) -> str:
    from sealink.console.oidc.provider import authorization_url

    return authorization_url(settings, begun)


def _claims_of(settings: OidcSettings, begun: Begun, code: str) -> dict[str, object]:
    from sealink.console.oidc.provider import claims_of

    return claims_of(settings, begun, code)
