"""Endpoints that list models, in the shape of the API that the client speaks: Anthropic's if it sends its version."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from sealink.access.keys import ApiKey
from sealink.gateway.admission import AdmissionControl
from sealink.http.endpoint import RequestContext
from sealink.http.responses import send_json
from sealink.net.message import Request, Responder
from sealink.policy.auth import may_use, presented_key, require_model
from sealink.policy.routing import ModelRoute

_SIMULATED = "simulated"


class Models:
    """The handlers. With a key they tell of the models that it may use; without one, of all or of none.

    The time of creation that the APIs want is, for every model, when this process started.
    """

    def __init__(self, admission: AdmissionControl, *, without_key: bool) -> None:
        self._admission = admission
        self._without_key = without_key
        self._created = int(time.time())
        self._created_at = datetime.fromtimestamp(self._created, UTC).isoformat().replace("+00:00", "Z")

    async def list(self, request: Request, responder: Responder, context: RequestContext) -> None:
        key = self._key_of(request)
        routes = [route for route in self._admission.router.listed if key is None or may_use(key, route.model)]
        if _is_anthropics(request):
            send_json(responder, context, anthropic_list(routes, self._created_at))
        else:
            send_json(responder, context, openai_list(routes, self._created))

    async def get(self, request: Request, responder: Responder, context: RequestContext) -> None:
        key = self._key_of(request)
        route = self._admission.router.route_of(unquote(context.path_tail))
        if key is not None:
            require_model(key, route.model)
        if _is_anthropics(request):
            send_json(responder, context, anthropic_model(route, self._created_at))
        else:
            send_json(responder, context, openai_model(route, self._created))

    def _key_of(self, request: Request) -> ApiKey | None:
        """The key of a request, None where it has none and needs none. Raises AuthenticationError."""
        if self._without_key and not presented_key(request.headers):
            return None
        return self._admission.authenticate(request)


def _is_anthropics(request: Request) -> bool:
    return "anthropic-version" in request.headers


def openai_list(routes: Iterable[ModelRoute], created: int) -> dict[str, Any]:
    """https://platform.openai.com/docs/api-reference/models/list. `created` is a Unix time."""
    return {"object": "list", "data": [openai_model(route, created) for route in routes]}


def openai_model(route: ModelRoute, created: int) -> dict[str, Any]:
    """One model. A simulated one has a field that says so, besides its owner's name."""
    first = route.targets[0].provider
    model = {"id": route.model, "object": "model", "created": created, "owned_by": first.name}
    return model | ({_SIMULATED: True} if first.simulated else {})


def anthropic_list(routes: Iterable[ModelRoute], created: str) -> dict[str, Any]:
    """https://docs.anthropic.com/en/api/models-list. `created` is an RFC 3339 time."""
    data = [anthropic_model(route, created) for route in routes]
    ids = [model["id"] for model in data]
    return {
        "data": data,
        "has_more": False,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


def anthropic_model(route: ModelRoute, created: str) -> dict[str, Any]:
    name = f"{route.model} (simulated)" if route.targets[0].provider.simulated else route.model
    return {"type": "model", "id": route.model, "display_name": name, "created_at": created}
