"""Which upstreams a model name leads to, in which order."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from sealink.errors import NotFound
from sealink.providers.vendor import Provider, Timeouts


class Target(msgspec.Struct, frozen=True):
    """One place where a model can be had, and the name it has there."""

    provider: Provider
    model: str
    timeouts: Timeouts = Timeouts()


class Route(msgspec.Struct, frozen=True):
    """The targets of one model, tried in order.

    `model` is the name that clients use, or a pattern (`claude-*`); a pattern's targets are asked for
    the client's own name (their `model` is ""), and it is not listed.
    """

    model: str
    targets: tuple[Target, ...]

    @property
    def is_pattern(self) -> bool:
        return "*" in self.model


class Router:
    """All routes: exact names first, then patterns in their order."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = tuple(routes)
        self._exact = {route.model: route for route in routes if not route.is_pattern}
        self._patterns = tuple(route for route in routes if route.is_pattern)

    @property
    def listed(self) -> tuple[Route, ...]:
        """The routes that GET /v1/models shows."""
        return tuple(self._exact.values())

    def targets_of(self, model: str) -> tuple[Target, ...]:
        """Raises NotFound when no route leads to the model."""
        route = self._exact.get(model)
        if route is not None:
            return route.targets
        for route in self._patterns:
            if fnmatchcase(model, route.model):
                return tuple(_named(target, model, route.model) for target in route.targets)
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
