"""GET /v1/models, in the shape of the API that the client speaks."""

from collections.abc import Iterable
from typing import Any

from sealink.policy.routing import Route

_SIMULATED = "simulated"


def openai_list(routes: Iterable[Route], created: int) -> dict[str, Any]:
    """https://platform.openai.com/docs/api-reference/models/list. `created` is when this process started."""
    return {"object": "list", "data": [openai_model(route, created) for route in routes]}


def openai_model(route: Route, created: int) -> dict[str, Any]:
    """One model. A simulated one says so, in a field of its own and in who owns it."""
    first = route.targets[0].provider
    model = {"id": route.model, "object": "model", "created": created, "owned_by": first.name}
    return model | ({_SIMULATED: True} if first.simulated else {})


def anthropic_list(routes: Iterable[Route], created: str) -> dict[str, Any]:
    """https://docs.anthropic.com/en/api/models-list. `created` is an RFC 3339 time."""
    data = [anthropic_model(route, created) for route in routes]
    ids = [model["id"] for model in data]
    return {
        "data": data,
        "has_more": False,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


def anthropic_model(route: Route, created: str) -> dict[str, Any]:
    name = f"{route.model} (simulated)" if route.targets[0].provider.simulated else route.model
    return {"type": "model", "id": route.model, "display_name": name, "created_at": created}
