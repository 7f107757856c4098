"""Which targets a model name leads to."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from sealink.errors import NotFound
from sealink.providers.provider import Provider, Timeouts

Choice = Literal["in_order", "weighted", "lowest_ttft"]
"""How the first of a model's targets is chosen; when it fails, the others follow in their order."""
OnDisconnect = Literal["cancel", "drain", "detach"]
"""What happens to a stream whose client leaves: it is stopped, read on for its usage, or kept to be resumed."""


class Target(msgspec.Struct, frozen=True):
    """A provider of a model, and the model's name there. `weight` is its share under `weighted`."""

    provider: Provider
    model: str
    timeouts: Timeouts = Timeouts()
    weight: float = 1.0


class ModelRoute(msgspec.Struct, frozen=True):
    """The targets of one model, and how they are tried.

    `model` is the name that clients use, or a pattern (`claude-*`). A pattern is not listed, and its targets are asked
    for the name that the client used (their `model` is ""). `hedge_after_s`: after so long without content the next
    target is tried beside the first; 0 is never.
    """

    model: str
    targets: tuple[Target, ...]
    choose: Choice = "in_order"
    on_disconnect: OnDisconnect | None = None
    hedge_after_s: float = 0.0

    @property
    def is_pattern(self) -> bool:
        return "*" in self.model


class Router:
    """The routes of all models: exact names first, then patterns in their order."""

    def __init__(self, routes: Iterable[ModelRoute]) -> None:
        routes = tuple(routes)
        self._exact = {route.model: route for route in routes if not route.is_pattern}
        self._patterns = tuple(route for route in routes if route.is_pattern)

    @property
    def listed(self) -> tuple[ModelRoute, ...]:
        """The routes that GET /v1/models lists."""
        return tuple(self._exact.values())

    def route_of(self, model: str) -> ModelRoute:
        """The route of a model, under the name that the client used. Raises NotFound when none leads to it."""
        route = self._exact.get(model)
        if route is not None:
            return route
        for route in self._patterns:
            if fnmatchcase(model, route.model):
                targets = tuple(_named(target, model, route.model) for target in route.targets)
                return msgspec.structs.replace(route, model=model, targets=targets)
        raise NotFound(
            f"The model {model!r} is not configured here. GET /v1/models lists those that are.",
            code="model_not_found",
            param="model",
        )


def _named(target: Target, model: str, pattern: str) -> Target:
    """The target of a pattern under the name that the client used, less the pattern's `provider/` prefix."""
    prefix = pattern.partition("*")[0]
    name = model.removeprefix(prefix) if prefix.endswith("/") else model
    return msgspec.structs.replace(target, model=target.model or name)
