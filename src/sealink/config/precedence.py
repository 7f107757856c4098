"""Settings that several tables may have: the table nearest to the target wins."""

import msgspec

from sealink.config.sections import Config, ModelConfig, ProviderConfig
from sealink.providers.provider import Timeouts


def timeouts_of(config: Config, provider: ProviderConfig, model: ModelConfig | None = None) -> Timeouts:
    """The timers of one target: the model's, else the provider's, else [timeouts], else the defaults."""
    models_own = () if model is None else (model, model.timeouts)
    nearest_first = (*models_own, provider, provider.timeouts, config.timeouts)
    chosen = {
        name: next((value for layer in nearest_first if (value := getattr(layer, name)) is not None), default)
        for name, default in msgspec.structs.asdict(Timeouts()).items()
    }
    return Timeouts(**chosen)


def hedge_after_s_of(config: Config, model: ModelConfig) -> float:
    """The model's `hedge_after_s`, else [hedge] `after_s`."""
    return config.hedge.after_s if model.hedge_after_s is None else model.hedge_after_s
