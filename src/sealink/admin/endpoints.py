"""All endpoints of the admin port: the operations of the API, and the document that describes them."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from sealink.access.keys import KeyRules, TeamRules
from sealink.access.records import KeyRecord, TeamRecord
from sealink.admin.audit import AuditOperations
from sealink.admin.config import Changed, Reload, ShowConfig
from sealink.admin.guard import METRICS
from sealink.admin.keys import KeyOperations
from sealink.admin.openapi import document
from sealink.admin.operation import Operation, Operations
from sealink.admin.shapes import (
    AuditList,
    BalancePostings,
    ConfigReloaded,
    KeyList,
    KeyWithSecret,
    NewKey,
    NewTeam,
    Page,
    Revocation,
    Rotation,
    RunningConfig,
    Section,
    TeamList,
    TopUp,
)
from sealink.admin.teams import TeamOperations
from sealink.http import Endpoint, RequestContext
from sealink.http.responses import identity, send_json
from sealink.limits.standing import Standing
from sealink.limits.subjects import Subject
from sealink.net.message import Request, Responder
from sealink.wire.dialects import openai_chat

if TYPE_CHECKING:
    from sealink.access.tables.access_store import AccessStore
    from sealink.access.tables.key_table import KeyTable
    from sealink.access.tables.team_table import TeamTable

_ERROR_BODY: Final = openai_chat.CLIENT.error_body
_PROMETHEUS_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


def operations_on(
    store: "Callable[[], AccessStore]",
    changed: Callable[[], None],
    reload: Callable[[], Changed],
    sections: Callable[[], list[Section]],
    standing: Callable[[Subject], Standing],
) -> tuple[Operation, ...]:
    """The operations on keys, teams and their audit, and on the config. `store`, `reload` and `standing` are called in
    threads only: they import SQLAlchemy, or wait."""
    keys = KeyOperations(partial(_key_table, store), changed, standing)
    teams = TeamOperations(partial(_team_table, store), changed, standing)
    audit = AuditOperations(store)
    key, team = "/admin/v1/keys/{name}", "/admin/v1/teams/{name}"
    return (
        Operation("GET", "/admin/v1/keys", "List keys.", keys.list, KeyList, query=Page),
        Operation("POST", "/admin/v1/keys", "Make a key.", keys.create, KeyWithSecret, body=NewKey, status=201),
        Operation("GET", key, "Show a key.", keys.find, KeyRecord),
        Operation("PATCH", key, "Change a key.", keys.update, KeyRecord, body=KeyRules),
        Operation("DELETE", key, "Revoke a key.", keys.revoke, KeyRecord, query=Revocation),
        Operation("POST", f"{key}/rotate", "Give a key another secret.", keys.rotate, KeyWithSecret, body=Rotation),
        Operation("POST", f"{key}/revoke", "Revoke a key.", keys.revoke, KeyRecord, body=Revocation),
        Operation("GET", f"{key}/standing", "Show what is left of a key's limits.", keys.standing, Standing),
        Operation("POST", f"{key}/balance", "Pay into a balance.", keys.pay_in, KeyRecord, body=TopUp),
        Operation("GET", f"{key}/balance", "List what was paid in.", keys.postings, BalancePostings),
        Operation("GET", "/admin/v1/teams", "List teams.", teams.list, TeamList, query=Page),
        Operation("POST", "/admin/v1/teams", "Make a team.", teams.create, TeamRecord, body=NewTeam, status=201),
        Operation("GET", team, "Show a team.", teams.find, TeamRecord),
        Operation("PATCH", team, "Change a team.", teams.update, TeamRecord, body=TeamRules),
        Operation("DELETE", team, "Revoke a team.", teams.revoke, TeamRecord, query=Revocation),
        Operation("GET", f"{team}/standing", "Show what is left of a team's limits.", teams.standing, Standing),
        Operation("POST", f"{team}/revoke", "Revoke a team.", teams.revoke, TeamRecord, body=Revocation),
        Operation("GET", "/admin/v1/config", "Show the config in force.", ShowConfig(sections).run, RunningConfig),
        Operation("POST", "/admin/v1/reload", "Read the config again.", Reload(reload).run, ConfigReloaded),
        Operation("GET", "/admin/v1/audit", "List changes, the newest first.", audit.list, AuditList, query=Page),
    )


def admin_endpoints(operations: Iterable[Operation], metrics: Callable[[], Awaitable[bytes]]) -> tuple[Endpoint, ...]:
    """The table of the port. `metrics` are those of all processes, as Prometheus' text."""
    operations = tuple(operations)
    by_place: dict[tuple[str, str], dict[str, Operation]] = {}
    for operation in operations:
        by_place.setdefault((operation.method, operation.place), {})[operation.action] = operation

    async def openapi(request: Request, responder: Responder, context: RequestContext) -> None:
        send_json(responder, context, document(operations))

    async def send_metrics(request: Request, responder: Responder, context: RequestContext) -> None:
        fields = [("content-type", _PROMETHEUS_TEXT), *identity(context.request_id), *context.answer_headers]
        responder.send(200, fields, await metrics())

    return (
        Endpoint("GET", METRICS, send_metrics, _ERROR_BODY),
        Endpoint("GET", "/admin/v1/openapi.json", openapi, _ERROR_BODY),
        *(Endpoint(method, place, Operations(each), _ERROR_BODY) for (method, place), each in by_place.items()),
    )


def _key_table(store: "Callable[[], AccessStore]") -> "KeyTable":
    from sealink.access.tables.key_table import KeyTable

    return KeyTable(store())


def _team_table(store: "Callable[[], AccessStore]") -> "TeamTable":
    from sealink.access.tables.team_table import TeamTable

    return TeamTable(store())
