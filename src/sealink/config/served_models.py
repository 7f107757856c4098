"""The models of a config that names none: those that its providers serve."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from sealink.catalog.models import SIM_MODEL
from sealink.config.sections import Config, ModelConfig, ProviderConfig, TargetConfig
from sealink.policy.routing import SAME_NAME


def with_models(config: Config) -> Config:
    """The config with at least the models that its providers serve."""
    return config if config.models else msgspec.structs.replace(config, models=models_of(config.providers))


def models_of(providers: Sequence[ProviderConfig]) -> tuple[ModelConfig, ...]:
    """The models of known vendors by their own names, and those of all providers as `provider/model`.

    Where two serve a name, the first is used. A provider that is alone, and of which no names are known, gets all.
    """
    models = [
        *(_model(name, provider) for provider in providers for name in _names(provider)),
        *(_model(pattern, provider) for provider in providers for pattern in _patterns(provider)),
        *(_model(f"{provider.name}/*", provider) for provider in providers),
    ]
    if len(providers) == 1 and not _patterns(providers[0]) and providers[0].dialect_name != "sim":
        models.append(_model("*", providers[0]))
    return tuple(_first_of_each_name(models))


def _model(name: str, provider: ProviderConfig) -> ModelConfig:
    return ModelConfig(id=name, targets=(TargetConfig(provider=provider.name, model=SAME_NAME),))


def _names(provider: ProviderConfig) -> tuple[str, ...]:
    if provider.dialect_name == "sim":
        return (SIM_MODEL,)
    return provider.known_vendor.models if provider.known_vendor else ()


def _patterns(provider: ProviderConfig) -> tuple[str, ...]:
    return provider.known_vendor.serves if provider.known_vendor else ()


def _first_of_each_name(models: Iterable[ModelConfig]) -> Iterator[ModelConfig]:
    seen: set[str] = set()
    for model in models:
        if model.id not in seen:
            seen.add(model.id)
            yield model
