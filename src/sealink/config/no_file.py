"""The config of a run without a file: the providers that the environment has keys for."""

from collections.abc import Mapping
from pathlib import Path

from sealink.catalog.models import DOCUMENTED_MODEL, SIM_MODEL
from sealink.config.defaults import resolved, with_absolute_paths, with_key
from sealink.config.environment import VARIABLES
from sealink.config.sections import Config, ModelConfig, ProviderConfig, TargetConfig
from sealink.providers import VENDORS
from sealink.providers.resolve import UnresolvedProvider


def from_environment(variables: Mapping[str, str] = VARIABLES) -> Config:
    """The config of a run without a file: the providers whose keys are in the environment, and the simulated model.

    A vendor's models are reached by their own names and as `vendor/model`. Where no provider is found, the
    simulated model also answers to the name of the documented examples' model, and says in its first sentence that it
    is simulated.
    """
    found = [provider for name in VENDORS if (provider := _in_environment(name, variables)) is not None]
    vendors = [VENDORS[provider.name] for provider in found]
    providers = (*found, ProviderConfig(name="sim", dialect="sim"))
    models = [_model(name, vendor.name, name) for vendor in vendors for name in vendor.models]
    models.append(_model(SIM_MODEL, "sim", SIM_MODEL))
    if not vendors:
        models.append(_model(DOCUMENTED_MODEL, "sim", DOCUMENTED_MODEL))
    models += [_model(pattern, vendor.name, "") for vendor in vendors for pattern in vendor.serves]
    models += [_model(f"{vendor.name}/*", vendor.name, "") for vendor in vendors]
    return with_absolute_paths(with_key(Config(providers=providers, models=tuple(models)), variables), Path())


def _in_environment(name: str, variables: Mapping[str, str]) -> ProviderConfig | None:
    """A vendor whose key, and all else that it needs, is in the environment."""
    if not variables.get(VENDORS[name].key_variable):
        return None
    try:
        return resolved(ProviderConfig(name=name), variables, Path())
    except UnresolvedProvider:
        return None


def _model(name: str, provider: str, model: str) -> ModelConfig:
    return ModelConfig(id=name, targets=(TargetConfig(provider=provider, model=model),))
