"""sealink.toml, or the environment where there is none, as frozen structs. The only reader of either.

file         sealink.toml → Config: read, completed and checked when it is read
no_file      the environment → Config
sections     what may stand in the file
completion   what it need not say, filled in
checks       what it must be beyond the types of its fields
mistakes     how it is told what is wrong, and toml_location: in which line
precedence   what holds where a setting may stand in several tables
environment  the process's variables

Nothing here is used after start-up: app/ builds the house from it.
"""

from sealink.config.completion import GENERATED_KEY
from sealink.config.environment import proxies_from
from sealink.config.file import load, parse
from sealink.config.mistakes import ConfigError
from sealink.config.no_file import DOCUMENTED_MODEL, from_environment
from sealink.config.precedence import hedge_after_s_of, timeouts_of
from sealink.config.sections import Config, ModelConfig, ProviderConfig, ServerConfig, TargetConfig

__all__ = [
    "DOCUMENTED_MODEL",
    "GENERATED_KEY",
    "Config",
    "ConfigError",
    "ModelConfig",
    "ProviderConfig",
    "ServerConfig",
    "TargetConfig",
    "from_environment",
    "hedge_after_s_of",
    "load",
    "parse",
    "proxies_from",
    "timeouts_of",
]
