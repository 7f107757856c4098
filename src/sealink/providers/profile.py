"""What a vendor wants otherwise than the dialect that it speaks has it."""

from collections.abc import Callable
from typing import Final

import msgspec

from sealink.errors import HeaderList
from sealink.wire.raw_json.fields import Fields

Auth = Callable[[str], HeaderList]
"""An API key → the headers that it is sent in."""
Transform = Callable[[Fields], Fields]
"""A request's body as the dialect has it → as this vendor wants it. Pure; its docstring is what the docs say of it."""
Path = Callable[[str, Fields], str]
"""A dialect's path and the request's body, before its transforms → the path at this vendor's."""
ListedAs = Callable[[str], str]
"""A model's name in requests → its name in the vendor's list of models."""


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
"""How the dialect's own vendor, and those who follow it, take a key; in the other dialects: bearer."""


OWN_VENDORS: Final = {
    "anthropic": "anthropic",
    "bedrock": "bedrock",
    "cohere": "cohere",
    "gemini": "gemini",
    "openai": "openai",
    "responses": "openai",
}
"""The vendor whose API a dialect is. Its list has the prices where a provider's vendor is not known."""


class StatusOverride(msgspec.Struct, frozen=True):
    """An error that is answered with a misleading `status`: if `pattern`, a regular expression, matches in its
    message, it is treated as `meant_status`."""

    status: int
    pattern: str
    meant_status: int


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """How requests to a vendor, and its errors, differ from the dialect.

    `unsupported` are parameters that the vendor answers with an error: they are dropped and listed in
    `x-sealink-dropped`. `status_overrides` are for errors whose status would keep a request from being tried elsewhere,
    or have it tried again in vain; clients see the status as it came.
    """

    transforms: tuple[Transform, ...] = ()
    unsupported: tuple[str, ...] = ()
    path: Path | None = None
    status_overrides: tuple[StatusOverride, ...] = ()


class Profile(Overrides, frozen=True):
    """Where a vendor speaks a dialect, and how it differs from it.

    `base_url` is what the dialect's own SDK would be given, with settings in braces (`{region}`); "" where only the
    user knows it. `auth` is None where the vendor takes a key as the dialect's own vendor does. `embeddings` are the
    overrides for embeddings, None where the vendor has none. `wants_thinking`: a conversation must contain again what
    the model thought in earlier turns. `server_call_ids`: what the ids of tool calls begin with that the vendor runs
    itself, but sends like calls for the client. `takes_custom_tools`: it has tools that take free text, of those that
    speak OpenAI's chat format; elsewhere they are sent as functions. `lists_models`: its list of models names all that
    may be asked for; `listed_as` is how it names one.
    """

    dialect: str
    base_url: str
    auth: Auth | None = None
    embeddings: Overrides | None = Overrides()
    wants_thinking: bool = False
    server_call_ids: str = ""
    takes_custom_tools: bool = False
    lists_models: bool = True
    listed_as: ListedAs | None = None

    def headers(self, api_key: str) -> HeaderList:
        """The headers that a key is sent in; none without a key."""
        auth = self.auth or AUTHS.get(self.dialect, bearer)
        return auth(api_key) if api_key else ()
