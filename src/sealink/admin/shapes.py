"""What operations of the admin API take and give, besides the records of access/records.py."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sealink.access.checks import MAX_PAID_IN_USD
from sealink.access.keys import KeyRules, TeamRules
from sealink.access.records import AuditEntry, KeyRecord, Posting, TeamRecord
from sealink.ledger.reports.totals import By, Totals


class NewKey(KeyRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made."""

    name: str


class NewTeam(TeamRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team to be made."""

    name: str


class TopUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is paid into a balance, in dollars; below 0: taken back."""

    add_usd: Annotated[float, Meta(ge=-MAX_PAID_IN_USD, le=MAX_PAID_IN_USD)]


class BalancePostings(msgspec.Struct, frozen=True):
    """What was paid into a balance, the newest first."""

    data: Sequence[Posting]
    next: str | None = None


class KeyWithSecret(KeyRecord, frozen=True, kw_only=True):
    """A key with its new secret, `key`, which is not shown again."""

    key: str


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`overlap_s`: how long the old secret goes on, in seconds."""

    overlap_s: Annotated[float, Meta(ge=0, le=366 * 86_400)] = 0.0


class ConfigReloaded(msgspec.Struct, frozen=True):
    """What a config that was read again has changed: `applied` for new requests, `at_restart` after a restart."""

    applied: tuple[str, ...]
    at_restart: tuple[str, ...]


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`end_streams`: whether open streams are ended too."""

    end_streams: bool = False


class Page(msgspec.Struct, frozen=True):
    """Which part of a list: what comes after `after`, the `next` of the part before."""

    after: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class KeyList(msgspec.Struct, frozen=True):
    data: list[KeyRecord]
    next: str | None = None


class TeamList(msgspec.Struct, frozen=True):
    data: list[TeamRecord]
    next: str | None = None


class AuditList(msgspec.Struct, frozen=True):
    """Changes, the newest first."""

    data: list[AuditEntry]
    next: str | None = None


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that began from `since` on and before `until`, each a date (its 00:00 UTC) or an RFC 3339 time."""

    since: str | None = None
    until: str | None = None
    key: str | None = None
    team: str | None = None
    model: str | None = None
    provider: str | None = None
    task: str | None = None


class UsageQuery(Period, frozen=True, kw_only=True):
    """`by`: what to group by, of model, key, team, task, day and provider: `team,model`."""

    by: str = "model"
    format: Literal["json", "csv"] = "json"


class UsageGroup(Totals, kw_only=True):
    """Sums over the requests that have these in common; null: they have none."""

    model: str | UnsetType | None = UNSET
    key: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET
    task: str | UnsetType | None = UNSET
    day: str | UnsetType | None = UNSET
    provider: str | UnsetType | None = UNSET


class UsageReport(msgspec.Struct, frozen=True):
    """Sums by group. `waiting` requests are counted and not yet in the store; `open` ones are not counted. A dollar is
    `usd_rate` of the `currency` of display."""

    by: tuple[By, ...]
    data: list[UsageGroup]
    total: Totals
    waiting: int
    open: int
    currency: str
    usd_rate: float


class RequestQuery(Period, frozen=True, kw_only=True):
    """`ended`: `done`, `error`, `client_gone` and so on; `code`: an error's. The newest come first: `after` is the
    `next` of the part before."""

    ended: str | None = None
    code: str | None = None
    after: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class RequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request. Money is in nano-dollars, times are in milliseconds since it was admitted. `structured`: JSON or a
    function call was asked for; null: that was not written down. `ended` is null while it is open; `attempts` are the
    targets that were tried; `timeline` has pairs of what happened and when."""

    request_id: str
    started_at: datetime | None
    key: str | None
    team: str | None
    model: str | None
    task_type: str | None
    client: str | None
    streamed: bool | None
    structured: bool | None
    status: int | None
    ended: str | None
    ended_by: str | None
    code: str | None
    provider: str | None
    served_model: str | None
    attempts: list[Any]
    input_tokens: int | None
    output_tokens: int | None
    cached_read_tokens: int | None
    cached_write_tokens: int | None
    reasoning_tokens: int | None
    usage_source: str | None
    cost_nano_usd: int | None
    price_nano_usd: int | None
    hedge_cost_nano_usd: int | None
    ttft_ms: float | None
    duration_ms: float | None
    chunks: int
    longest_gap_ms: float | None
    bytes_sent: int
    timeline: list[tuple[str, float]]


class RequestList(msgspec.Struct, frozen=True):
    """Requests that have ended, the newest first."""

    data: list[RequestRow]
    next: str | None = None


class StatementQuery(msgspec.Struct, frozen=True):
    """Of one team, or of all."""

    team: str | None = None
    format: Literal["json", "csv"] = "csv"


class Statement(msgspec.Struct, frozen=True):
    """A month's usage: a line for each team, key, model and provider. Sums of money are exact, as texts."""

    data: list[dict[str, Any]]


class TargetState(msgspec.Struct, frozen=True):
    """A target that was tried: its breaker's state in whichever process is worst off: `closed` (it is up), `half-open`
    or `open`."""

    provider: str
    model: str
    state: str


class Setting(msgspec.Struct, frozen=True):
    """A setting as it may be shown; `is_set`: otherwise than by default."""

    name: str
    value: str
    is_set: bool


class Section(msgspec.Struct, frozen=True):
    """A table of the config."""

    name: str
    settings: list[Setting]

    @property
    def title(self) -> str:
        """What tables of an array are told apart by."""
        names = [each.value for each in self.settings if each.name in ("name", "id")]
        return names[0] if names and self.name.startswith("[[") else ""

    @property
    def is_set(self) -> bool:
        return any(each.is_set for each in self.settings)


class Target(msgspec.Struct, frozen=True):
    """One of a model's targets, in the order in which they are tried. `state` is null while it was not tried."""

    model: str
    provider: str
    served_model: str
    state: str | None = None


class TargetList(msgspec.Struct, frozen=True):
    data: list[Target]
    next: str | None = None


class RunningConfig(msgspec.Struct, frozen=True):
    """The config in force, without its secrets: each table with its settings, as JSON where they are no texts."""

    data: list[Section]
    next: str | None = None
