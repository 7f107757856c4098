"""The config of a run without a file: the providers that the environment has keys for."""

from collections.abc import Mapping
from pathlib import Path

from sealink.catalog.models import DOCUMENTED_MODEL
from sealink.config.defaults import resolved, with_absolute_paths, with_collector, with_key
from sealink.config.environment import VARIABLES
from sealink.config.sections import Config, ModelConfig, ProviderConfig, TargetConfig
from sealink.config.served_models import models_of
from sealink.providers import VENDORS
from sealink.providers.resolve import UnresolvedProvider


def from_environment(variables: Mapping[str, str] = VARIABLES) -> Config:
    """The config of a run without a file: the providers whose keys are in the environment, and the simulated model.

    A vendor's models are reached by their own names and as `vendor/model`. Where no provider is found, the
    simulated model also answers to the name of the documented examples' model, and says in its first sentence that it
    is simulated.
    """
    found = providers_in(variables)
    providers = (*found, ProviderConfig(name="sim", dialect="sim"))
    models = models_of(providers)
    if not found:
        documented = TargetConfig(provider="sim", model=DOCUMENTED_MODEL)
        models = (*models, ModelConfig(id=DOCUMENTED_MODEL, targets=(documented,)))
    config = with_collector(Config(providers=providers, models=models), variables)
    return with_absolute_paths(with_key(config, variables), Path())


def providers_in(variables: Mapping[str, str]) -> tuple[ProviderConfig, ...]:
    """The vendors whose keys are in the environment."""
    return tuple(provider for name in VENDORS if (provider := _in_environment(name, variables)) is not None)


def _in_environment(name: str, variables: Mapping[str, str]) -> ProviderConfig | None:
    """A vendor whose key, and all else that it needs, is in the environment."""
    if not variables.get(VENDORS[name].key_variable):
        return None
    try:
        return resolved(ProviderConfig(name=name), variables, Path())
    except UnresolvedProvider:
        return None
