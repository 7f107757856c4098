"""What is known of a vendor, and a vendor as the user configured it."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from sealink.errors import HeaderList
from sealink.wire.dialect import UpstreamDialect
from sealink.wire.embeddings import EmbeddingsUpstream
from sealink.wire.raw_json.fields import Fields

Auth = Callable[[str], HeaderList]
Transform = Callable[[Fields], Fields]
"""A request's body as the dialect has it → as this vendor wants it. Pure; its docstring is what the docs say of it."""
Path = Callable[[str, Fields], str]
"""A dialect's path and the request's body, before its transforms → the path at this vendor's."""
Settings = Mapping[str, str]
"""What a vendor must know besides a key, by name: `region`, `project`, …"""


def bearer(api_key: str) -> HeaderList:
    """`Authorization: Bearer …`, as OpenAI and most others take it."""
    return (("authorization", f"Bearer {api_key}"),)


def x_api_key(api_key: str) -> HeaderList:
    """`x-api-key: …`, as Anthropic takes it."""
    return (("x-api-key", api_key),)


def x_goog_api_key(api_key: str) -> HeaderList:
    """`x-goog-api-key: …`, as Google's own APIs take it."""
    return (("x-goog-api-key", api_key),)


AUTHS: Final[dict[str, Auth]] = {"anthropic": x_api_key, "gemini": x_goog_api_key}
"""How the vendors that a dialect comes from take a key, and those who imitate them; all others: bearer."""


class StatusOverride(msgspec.Struct, frozen=True):
    """An error whose status says something else than its words, a regular expression, and the status that is meant."""

    status: int
    words: str
    meant: int


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor wants otherwise than the dialect has it.

    `unsupported` are knobs that the vendor answers with an error: they are left out and named in `x-sealink-dropped`.
    `mistells` are errors whose status would send a request nowhere, or again to where it fails; clients see them as
    they came.
    """

    transforms: tuple[Transform, ...] = ()
    unsupported: tuple[str, ...] = ()
    path: Path | None = None
    status_overrides: tuple[StatusOverride, ...] = ()


class Profile(Overrides, frozen=True):
    """Where a vendor speaks a dialect, and its profile there.

    `base_url` is what the dialect's own SDK would be given, with `{settings}` in braces; "" where only the user
    knows it. `auth` is None where the vendor takes a key as the dialect's own vendor does. `embeddings` are its
    profile when it is asked for embeddings, None where it has none. `wants_thinking`: earlier answers must say again
    what the model thought before them.
    """

    dialect: str
    base_url: str
    auth: Auth | None = None
    embeddings: Overrides | None = Overrides()
    wants_thinking: bool = False

    def headers(self, api_key: str) -> HeaderList:
        """The headers that open the door; none without a key."""
        auth = self.auth or AUTHS.get(self.dialect, bearer)
        return auth(api_key) if api_key else ()


class Setting(msgspec.Struct, frozen=True):
    """Something besides the key that a vendor must know. `variables` of the environment may say it, the first wins."""

    variables: tuple[str, ...]
    default: str = ""
    optional: bool = False


class Signer(Protocol):
    """Opens doors that no fixed header opens: what each request must carry is made for it."""

    async def sign(self, method: str, url: str, headers: HeaderList, body: bytes) -> HeaderList:
        """The headers to send besides `headers`. Never blocks the loop. Raises UpstreamError where credentials fail."""


class SignerUnavailable(Exception):
    """A signer cannot be made here: what is missing, in words for the user."""


class Vendor(msgspec.Struct, frozen=True):
    """One vendor's public facts. A vendor is one file with one of these, and one line in providers/__init__.

    `profiles`: the first one counts unless the user chooses another dialect. `key_variable` is the environment
    variable its users keep their key in, "" for servers that need none. `serves` are patterns of the model names that
    it answers to when SeaLink runs without a config; `models` are those that GET /v1/models then lists.
    `signer` makes what opens the door where there is no key; `located` adds what addresses name besides the settings.
    """

    name: str
    docs: str
    profiles: tuple[Profile, ...]
    key_variable: str = ""
    serves: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = {}
    located: Callable[[Settings], Settings] | None = None
    signer: Callable[[Settings], Signer] | None = None

    def profile(self, dialect: str | None = None) -> Profile | None:
        """Where the vendor speaks this dialect; None where it does not."""
        return next((each for each in self.profiles if dialect in (None, each.dialect)), None)

    def base_url(self, profile: Profile, settings: Settings) -> str:
        """The address with the settings in it, all of which must be there."""
        return profile.base_url.format_map(self.located(settings) if self.located else settings)


class Timeouts(msgspec.Struct, frozen=True):
    """The four timers of an exchange, in seconds.

    `connect_s`: until the connection stands. `first_content_s`: from the request until the first real
    delta of a stream. `idle_s`: between two reads from the upstream, for a whole answer once it has begun. `total_s`:
    the whole exchange, all attempts together.
    """

    connect_s: float = 5.0
    first_content_s: float = 60.0
    idle_s: float = 60.0
    total_s: float = 3600.0


class Provider(msgspec.Struct, frozen=True):
    """A place to send requests to: an address, a dialect, and the headers that open the door.

    `habits` are the vendor's, where it is a known one; `signer` adds headers of each request's own. `embeddings` is
    None where there are none.
    """

    name: str
    dialect: UpstreamDialect
    base_url: str
    headers: HeaderList = ()
    simulated: bool = False
    profile: Profile | None = None
    signer: Signer | None = None
    embeddings: EmbeddingsUpstream | None = None
