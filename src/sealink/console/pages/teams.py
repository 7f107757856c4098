"""Keys that share limits and a budget; and the audit: who changed what."""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.access.changed_rules import changed
from sealink.access.keys import TeamRules
from sealink.access.tables.audit_table import list_changes
from sealink.access.tables.key_table import KeyTable
from sealink.access.tables.team_table import TeamTable
from sealink.console.backend import Backend
from sealink.console.formats import path_part
from sealink.console.forms import TEAM_FIELDS, rules_in
from sealink.console.pages.keys import AUDIT_ROWS, PAGE_ROWS, as_form, check_confirmed
from sealink.console.rendering import backend_of, render, see
from sealink.errors import InvalidRequest, SealinkError
from sealink.limits.standing import team_subject


async def ask_for_new(request: Request) -> Response:
    """The form for a new team."""
    return render(request, "team_new.html", values={}, error=None)


async def create(request: Request) -> Response:
    form, backend = request.state.form, backend_of(request)
    name = form.get("name", "").strip()
    try:
        rules = changed(TeamRules, None, rules_in(form, TEAM_FIELDS))
        actor = request.state.session.actor
        await asyncio.to_thread(lambda: TeamTable(backend.store()).create(name, rules, actor))
    except SealinkError as error:
        return render(request, "team_new.html", values=form, error=error, status=error.status)
    backend.changed()
    return see(f"/teams/{path_part(name)}")


async def show(request: Request) -> Response:
    """One team."""
    return await _shown(request, None, None)


async def _shown(request: Request, error: SealinkError | None, values: Any) -> Response:
    found = await asyncio.to_thread(_details, backend_of(request), request.path_params["name"])
    values = values or as_form(found["team"])
    return render(request, "team.html", error=error, values=values, status=error.status if error else 200, **found)


def _details(backend: Backend, name: str) -> dict[str, Any]:
    store = backend.store()
    team = TeamTable(store).find(name)
    standing = None if team.status == "revoked" else backend.standing(team_subject(team))
    keys = [key for key in KeyTable(store).list() if key.team == name]
    return {"team": team, "keys": keys, "standing": standing, "audit": list_changes(store, limit=AUDIT_ROWS, name=name)}


async def act(request: Request) -> Response:
    """What the forms of a team's page do."""
    form, name = request.state.form, request.path_params["name"]
    backend, actor = backend_of(request), request.state.session.actor

    def do() -> None:
        table = TeamTable(backend.store())
        if form.get("action") == "update":
            table.update(name, rules_in(form, TEAM_FIELDS), actor)
        elif form.get("action") == "revoke":
            check_confirmed(name, form)
            table.revoke(name, actor, end_streams="end_streams" in form)
        else:
            raise InvalidRequest("The form does not say what to do.", code="invalid_value", param="action")

    try:
        await asyncio.to_thread(do)
    except SealinkError as error:
        return await _shown(request, error, form if form.get("action") == "update" else None)
    backend.changed()
    return see(f"/teams/{path_part(name)}")


async def audit(request: Request) -> Response:
    """All changes to keys and teams, the newest first."""
    before = request.query_params.get("before", "")
    store = backend_of(request).store
    at = int(before) if before.isdecimal() and len(before) < 19 else None  # a larger one fits no database
    entries = await asyncio.to_thread(lambda: list_changes(store(), limit=PAGE_ROWS + 1, before=at))
    next_before = entries[PAGE_ROWS - 1].id if len(entries) > PAGE_ROWS else None
    return render(request, "audit.html", audit=entries[:PAGE_ROWS], next_before=next_before)


ROUTES: Final = (
    Route("/teams", create, methods=["POST"]),
    Route("/new-team", ask_for_new),
    Route("/teams/{name:path}", show),
    Route("/teams/{name:path}", act, methods=["POST"]),
    Route("/audit", audit),
)
