"""sealink.toml, or the environment where there is none, as frozen structs. Nothing else reads either.

file         sealink.toml → Config: read, checked and completed
no_file      the environment → Config
sections     the tables of the file
changes      what two configs differ in, and what of it waits for a restart
defaults     what the file leaves out, filled in
checks       what is checked besides the types of fields
mistakes     a mistake, and toml_location: its line
precedence   settings that several tables may have
pricing      [[prices]] as rules
environment  the process's variables

Pure, but for reading the file and the environment: nothing is opened, connected to or imported that a config names.
app/ builds a running SeaLink from a Config.
"""

from sealink.config.defaults import GENERATED_KEY
from sealink.config.file import load, parse
from sealink.config.mistakes import ConfigError
from sealink.config.no_file import from_environment
from sealink.config.precedence import hedge_after_s_of, timeouts_of
from sealink.config.pricing import rule_of
from sealink.config.sections import Config, LogConfig, ModelConfig, ProviderConfig, ServerConfig, TargetConfig

__all__ = [
    "GENERATED_KEY",
    "Config",
    "ConfigError",
    "LogConfig",
    "ModelConfig",
    "ProviderConfig",
    "ServerConfig",
    "TargetConfig",
    "from_environment",
    "hedge_after_s_of",
    "load",
    "parse",
    "rule_of",
    "timeouts_of",
]
