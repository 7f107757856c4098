"""Which targets a model name leads to."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final, Literal

import msgspec

from sealink.errors import NotFound
from sealink.policy.limits import UsageLimits
from sealink.providers.provider import Provider, Timeouts

Choice = Literal["in_order", "weighted", "lowest_ttft"]
"""How the first of a model's targets is chosen; when it fails, the others follow in their order."""
OnDisconnect = Literal["cancel", "drain", "detach"]
"""What happens to a stream whose client leaves: it is stopped, read on for its usage, or kept to be resumed."""


_WILDCARD = re.compile(r"[*?\[\]]")

_MOST_KEPT, _MOST_CHARS = 1024, 256
"""How many names that fit patterns are kept, and how long they may be: clients choose them."""

SAME_NAME: Final = "*"
"""As a target's model: the name that the client asks for."""


class Target(msgspec.Struct, frozen=True):
    """A provider of a model, and the model's name there. `weight` is its share under `weighted`."""

    provider: Provider
    model: str
    timeouts: Timeouts = Timeouts()
    weight: float = 1.0


class ModelRoute(msgspec.Struct, frozen=True):
    """The targets of one model, and how they are tried.

    `model` is the name that clients use, or a pattern (`claude-*`). A pattern is not listed, and a `*` in its targets'
    models stands for what was asked for: see `name_at_target`. `hedge_after_s`: after so long without content the next
    target is tried beside the first; 0 is never. `limits` are those of all that the pattern
    `limited_as` fits; None: none. `queue_s`, `advice`, `stream_internally`: as in a key.
    """

    model: str
    targets: tuple[Target, ...]
    choose: Choice = "in_order"
    on_disconnect: OnDisconnect | None = None
    hedge_after_s: float = 0.0
    limits: UsageLimits | None = None
    limited_as: str = ""
    queue_s: float | None = None
    advice: bool = False
    stream_internally: bool = False

    @property
    def is_pattern(self) -> bool:
        return "*" in self.model


class Router:
    """The routes of all models: exact names first, then patterns in their order."""

    def __init__(self, routes: Iterable[ModelRoute]) -> None:
        routes = tuple(routes)
        self._exact = {route.model: _asked_for(route, route.model) for route in routes if not route.is_pattern}
        self._patterns = tuple(route for route in routes if route.is_pattern)
        self._found: dict[str, ModelRoute] = {}
        """Routes of patterns, under names that clients have asked for: the same name has the same route."""

    @property
    def listed(self) -> tuple[ModelRoute, ...]:
        """The routes that GET /v1/models lists."""
        return tuple(self._exact.values())

    @property
    def routes(self) -> tuple[ModelRoute, ...]:
        """All routes, patterns as such."""
        return (*self._exact.values(), *self._patterns)

    def route_of(self, model: str) -> ModelRoute:
        """The route of a model, under the name that the client used. Raises NotFound when none leads to it."""
        route = self._exact.get(model) or self._found.get(model)
        if route is not None:
            return route
        for route in self._patterns:
            if stars_of(route.model, model) is not None:
                return self._keep(_asked_for(route, model))
        raise NotFound(
            f"The model {model!r} is not configured here. GET /v1/models lists those that are.",
            code="model_not_found",
            param="model",
        )

    def _keep(self, route: ModelRoute) -> ModelRoute:
        if len(route.model) <= _MOST_CHARS:
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            self._found[route.model] = route
        return route


def _asked_for(route: ModelRoute, model: str) -> ModelRoute:
    """A route under a name that it fits."""
    targets = tuple(
        msgspec.structs.replace(target, model=name_at_target(target.model, route.model, model))
        for target in route.targets
    )
    return msgspec.structs.replace(route, model=model, targets=targets)


def name_at_target(target_model: str, pattern: str, model: str) -> str:
    """What a target is asked for when a client asks for `model`, which fits the `pattern` of the route.

    A `*` alone is the same name, without the pattern's prefix if that ends in `/`, as in `openai/*`. Other stars stand
    for what the pattern's stars fit, in order.
    """
    if target_model == SAME_NAME:
        prefix, star, _ = pattern.partition("*")
        return model.removeprefix(prefix) if star and prefix.endswith("/") else model
    if "*" not in target_model:
        return target_model
    first, *rest = target_model.split("*")
    stars = stars_of(pattern, model) or ()
    return first + "".join(star + part for star, part in zip(stars, rest, strict=True))


def stars_of(pattern: str, name: str) -> tuple[str, ...] | None:
    """What each `*` of a pattern stands for in a name; None where the name does not fit. One pass over the name."""
    first, *parts = pattern.split("*")
    if not parts or not name.startswith(first):
        return () if name == pattern else None
    *parts, last = parts
    begin, end = len(first), len(name) - len(last)
    stars = []
    for part in parts:
        found = name.find(part, begin, max(end, 0))
        if found < 0:
            return None
        stars.append(name[begin:found])
        begin = found + len(part)
    if begin > end or not name.endswith(last):
        return None
    return (*stars, name[begin:end])


def may_fit_one_name(wanted: str, model: str) -> bool:
    """Whether a key's pattern and a route's model, which may be a pattern too, can fit the same name."""
    if "*" not in model:
        return fnmatchcase(model, wanted)
    if not _WILDCARD.search(wanted):
        return stars_of(model, wanted) is not None
    begin, end = model.partition("*")[0], model.rpartition("*")[2]
    wanted_begin, wanted_end = _WILDCARD.split(wanted)[0], _WILDCARD.split(wanted)[-1]
    return (begin.startswith(wanted_begin) or wanted_begin.startswith(begin)) and (
        end.endswith(wanted_end) or wanted_end.endswith(end)
    )
