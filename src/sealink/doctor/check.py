"""The shape of a check."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from sealink.doctor.intermediaries import Way
from sealink.doctor.session import Session
from sealink.doctor.verdict import Verdict

Found = TypeVar("Found")


class Check(msgspec.Struct, Generic[Found], frozen=True):
    """One question about the way to the endpoint.

    `name` is what reports call it, `asks` what it finds out. `probe` talks to the endpoint; it may raise SealinkError
    and TimeoutError, which make the check `untested`. `verdict` is pure: what was found, and what stands in between,
    in words. `is_quiet`: it only waits, and runs beside the others.
    """

    name: str
    asks: str
    probe: Callable[[Session], Awaitable[Found]]
    verdict: Callable[[Found, Way], Verdict]
    is_quiet: bool = False
