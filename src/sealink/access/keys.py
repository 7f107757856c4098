"""Records of keys and teams: names, labels, rules, limits. Of a key's secret nothing is in them."""

from datetime import date
from typing import Any

import msgspec

from sealink.amounts import Delay, Usd
from sealink.policy.limits import UsageLimits
from sealink.policy.routing import OnDisconnect
from sealink.wire.dialect import HeartbeatShape


class TeamRules(UsageLimits, frozen=True, kw_only=True):
    """The optional fields of a [[teams]] table."""

    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    """Free text by name. SeaLink keeps it and does not read it."""


class KeyRules(UsageLimits, frozen=True, kw_only=True):
    """What a key may do, and how its requests are treated: the optional fields of a [[keys]] table."""

    team: str | None = None
    """The name of a team."""
    user: str | None = None
    """Whose key it is: a label, for reports."""
    tags: tuple[str, ...] = ()
    """More labels."""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    """Free text by name. SeaLink keeps it and does not read it."""
    models: tuple[str, ...] = ()
    """Patterns of the models that the key may use; empty: all."""
    endpoints: tuple[str, ...] = ()
    """Patterns of the paths that the key may use (`/v1/chat/*`); empty: all."""
    allowed_networks: tuple[str, ...] = ()
    """The networks that requests may come from (`10.0.0.0/8`, `2001:db8::/32`, or an address); empty: all."""
    expires: date | None = None
    """The key is valid until 00:00 UTC of this day."""
    queue_s: Delay | None = None
    """How long a request may wait in line until its limits, the team's and the model's let it in, instead of a 429 at
    once; 0: not at all. Default: as the model says, or [limits] `queue_s`."""
    balance_usd: Usd | None = None
    """A prepaid balance, credited once."""
    on_disconnect: OnDisconnect | None = None
    """What becomes of a stream whose client leaves. `cancel`, the default: it is stopped. `drain`: it is read on, for
    its usage, as far as [drain] allows. `detach`: it goes on and is kept, as [detach] says, so that its client can
    resume it. A model may say it too; the key's setting wins."""
    heartbeat: HeartbeatShape | None = None
    """The shape for clients that need another one than [heartbeat] says: `comment`, `chunk` or `off`."""
    log_content: bool | None = None
    """Whether its prompts and answers are written down. Default: as [log] `content` says."""
    usage_extras: bool = False
    """Tell the client the price of each answer: in the header `x-sealink-cost-usd`, and in the field `sealink` of a
    stream's last chunk. Absent where it is not known."""
    advice: bool = False
    """Tell clients, in the header `x-sealink-advice`, where a request would better be streamed, or better not."""
    stream_internally: bool = False
    """Ask the provider for a stream where the client wants a whole answer, so that it can be cancelled and metered
    while it is made, and outlives time-outs for silence on the way. The client gets the same."""
    strict: bool = False
    """Refuse a request with a parameter that the provider does not support, instead of dropping the parameter and
    listing it in `x-sealink-dropped`. A single request asks for it by the header `x-sealink-strict: true`."""


class Team(TeamRules, frozen=True, kw_only=True):
    """A team: keys that share limits. Where it `is_revoked`, no key of it is valid."""

    name: str
    is_revoked: bool = False


class ApiKey(KeyRules, frozen=True, kw_only=True):
    """A key that clients use."""

    name: str


def api_key(name: str, rules: KeyRules) -> ApiKey:
    """The record of a key."""
    return ApiKey(name=name, **fields_of(rules, KeyRules))


def team_of(name: str, rules: TeamRules, *, is_revoked: bool = False) -> Team:
    """The record of a team."""
    return Team(name=name, is_revoked=is_revoked, **fields_of(rules, TeamRules))


def fields_of(rules: msgspec.Struct, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The values of those fields of `rules` that `kind` has too."""
    return {name: getattr(rules, name) for name in kind.__struct_fields__}
