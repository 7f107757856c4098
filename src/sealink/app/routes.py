"""A config's models as the routes that policy/ decides on."""

from sealink.config import Config, ModelConfig, hedge_after_s_of, timeouts_of
from sealink.gateway.limits.enforcement import has_limits
from sealink.policy.routing import ModelRoute, Router, Target
from sealink.providers.provider import Provider


def router_of(config: Config, providers: dict[str, Provider]) -> Router:
    """The routes of a config, in its order."""
    settings = {provider.name: provider for provider in config.providers}

    def route(model: ModelConfig) -> ModelRoute:
        targets = (
            Target(
                provider=providers[target.provider],
                model=target.model,
                timeouts=timeouts_of(config, settings[target.provider], model),
                weight=target.weight,
            )
            for target in model.targets
        )
        return ModelRoute(
            model.id,
            tuple(targets),
            model.choose,
            model.on_disconnect,
            hedge_after_s=hedge_after_s_of(config, model),
            limits=model.limits if has_limits(model.limits) else None,
            limited_as=model.id,
            queue_s=model.queue_s,
            advice=model.advice,
            stream_internally=model.stream_internally,
        )

    return Router(map(route, config.models))
