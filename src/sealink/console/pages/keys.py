"""Who may use what: keys are made (their secret is shown once), changed, rotated, revoked, and paid in for."""

import asyncio
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.access.changed_rules import changed
from sealink.access.keys import KeyRules
from sealink.access.records import KeyRecord
from sealink.access.tables.audit_table import list_changes
from sealink.access.tables.key_table import KeyTable
from sealink.access.tables.team_table import TeamTable
from sealink.console.backend import Backend
from sealink.console.formats import path_part
from sealink.console.forms import KEY_FIELDS, SWITCHES, amount_in, rules_in
from sealink.console.rendering import backend_of, render, see
from sealink.console.signed_in import Form
from sealink.errors import InvalidRequest, SealinkError
from sealink.ledger.reports.habits import habits_of_keys
from sealink.ledger.requests_table import RequestsTable
from sealink.limits.standing import key_subject
from sealink.policy.advice import advice_on

PAGE_ROWS: Final = 100
AUDIT_ROWS: Final = 20
_HOUR_S: Final = 3600


async def show_all(request: Request) -> Response:
    """Keys and teams, those whose names contain what is searched for."""
    wanted, after = request.query_params.get("q", ""), request.query_params.get("after", "")
    keys, teams = await asyncio.to_thread(_lists, backend_of(request), wanted, after)
    is_last = len(keys) <= PAGE_ROWS
    next_after = "" if is_last else keys[PAGE_ROWS - 1].name
    return render(request, "keys.html", keys=keys[:PAGE_ROWS], teams=teams, wanted=wanted, next_after=next_after)


def _lists(backend: Backend, wanted: str, after: str) -> tuple[list[KeyRecord], list[Any]]:
    store = backend.store()
    keys = KeyTable(store).list(after=after, limit=None if wanted else PAGE_ROWS + 1)
    teams = TeamTable(store).list()
    found = wanted.lower()
    return [key for key in keys if found in f"{key.name} {key.team} {key.user}".lower()], teams


async def ask_for_new(request: Request) -> Response:
    """The form for a new key."""
    return await _new_form(request, dict(request.query_params))


async def _new_form(request: Request, values: dict[str, str], error: SealinkError | None = None) -> Response:
    teams = await asyncio.to_thread(lambda: TeamTable(backend_of(request).store()).list())
    status = 200 if error is None else error.status
    return render(request, "key_new.html", values=values, teams=teams, error=error, status=status)


async def create(request: Request) -> Response:
    """Make a key. This answer is the only one that its secret is in."""
    form, backend = request.state.form, backend_of(request)
    try:
        rules = changed(KeyRules, None, rules_in(form, KEY_FIELDS, SWITCHES))
        record, secret = await asyncio.to_thread(
            lambda: KeyTable(backend.store()).create(form.get("name", "").strip(), rules, request.state.session.actor)
        )
    except SealinkError as error:
        return await _new_form(request, form, error)
    backend.changed()
    return await _shown(request, record.name, secret=secret, status=201)


async def show(request: Request) -> Response:
    """One key."""
    return await _shown(request, request.path_params["name"])


async def _shown(
    request: Request,
    name: str,
    *,
    secret: str = "",
    error: SealinkError | None = None,
    values: Form | None = None,
    status: int = 200,
) -> Response:
    backend = backend_of(request)
    found = await asyncio.to_thread(_details, backend, name)
    return render(
        request,
        "key.html",
        values=values or as_form(found["key"]),
        secret=secret,
        error=error,
        base_url=backend.base_url(),
        status=status,
        **found,
    )


def _details(backend: Backend, name: str) -> dict[str, Any]:
    store = backend.store()
    record = KeyTable(store).find(name)
    audit = list_changes(store, limit=AUDIT_ROWS, name=name)
    standing = None if record.status == "revoked" else backend.standing(key_subject(record))
    return {
        "key": record,
        "teams": TeamTable(store).list(),
        "audit": audit,
        "standing": standing,
        "hints": _hints(backend, record.name),
    }


def _hints(backend: Backend, name: str) -> list[str]:
    """What would serve a key better."""
    table = RequestsTable(backend.store_url, timeout_s=5.0)
    try:
        with table.reading() as connection:
            return [told for habits in habits_of_keys(connection, name) for told in advice_on(habits)]
    finally:
        table.close()


async def act(request: Request) -> Response:
    """What the forms of a key's page do, by their `action`."""
    name, form = request.path_params["name"], request.state.form
    action = _ACTIONS.get(form.get("action", ""))
    try:
        if action is None:
            raise InvalidRequest("The form does not say what to do.", code="invalid_value", param="action")
        secret = await asyncio.to_thread(action, KeyTable(backend_of(request).store()), name, form, _actor(request))
    except SealinkError as error:
        values = form if form.get("action") == "update" else None
        return await _shown(request, name, error=error, values=values, status=error.status)
    backend_of(request).changed()
    return await _shown(request, name, secret=secret) if secret else see(f"/keys/{path_part(name)}")


def _actor(request: Request) -> str:
    actor: str = request.state.session.actor
    return actor


def _update(table: KeyTable, name: str, form: Form, actor: str) -> str:
    table.update(name, rules_in(form, KEY_FIELDS, SWITCHES), actor)
    return ""


def _rotate(table: KeyTable, name: str, form: Form, actor: str) -> str:
    hours = amount_in(form, "overlap_hours") if form.get("overlap_hours", "").strip() else 0.0
    if not 0 <= hours <= 366 * 24:
        raise InvalidRequest("The overlap is from 0 to 8,784 hours.", code="invalid_value", param="overlap_hours")
    _, secret = table.rotate(name, actor, overlap_s=hours * _HOUR_S)
    return secret


def _revoke(table: KeyTable, name: str, form: Form, actor: str) -> str:
    check_confirmed(name, form)
    table.revoke(name, actor, end_streams="end_streams" in form)
    return ""


def check_confirmed(name: str, form: Form) -> None:
    """Raises InvalidRequest unless the name was typed in."""
    if form.get("confirm", "").strip() != name:
        raise InvalidRequest("To revoke it, type its name exactly.", code="invalid_value", param="confirm")


def _pay_in(table: KeyTable, name: str, form: Form, actor: str) -> str:
    table.pay_in(name, amount_in(form, "amount_usd"), actor)
    return ""


_ACTIONS: Final = {"update": _update, "rotate": _rotate, "revoke": _revoke, "pay_in": _pay_in}


def as_form(record: msgspec.Struct) -> dict[str, Any]:
    """A key's or team's rules as fields of a form hold them."""
    return {name: _as_text(value) for name, value in msgspec.to_builtins(record).items()}


def _as_text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ", ".join(value)
    return "" if value is None or value is False else value


ROUTES: Final = (
    Route("/keys", show_all),
    Route("/keys", create, methods=["POST"]),
    Route("/new-key", ask_for_new),
    Route("/keys/{name:path}", show),
    Route("/keys/{name:path}", act, methods=["POST"]),
)
