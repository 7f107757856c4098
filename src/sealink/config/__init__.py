"""sealink.toml, or the environment where there is none, as frozen structs. Nothing else reads either.

file           sealink.toml → Config: read, checked and completed
no_file        the environment → Config
sections       the tables of the file
tables         reads a table into its struct, and notes what is wrong in it
changes        what two configs differ in, and what of it waits for a restart
defaults       what the file leaves out, filled in
served_models  the models where the file names none
checks         what is checked besides the types of fields, and warnings
mistakes       mistakes, all of which are told at once, and toml_location: their lines
precedence     settings that several tables may have
pricing        [[prices]] as rules; access: [[keys]] and [[teams]] as records
environment    the process's variables
reference      docs/configuration.md, from the docstrings of the tables

Pure, but for reading the file and the environment: nothing is opened, connected to or imported that a config names.
app/ builds a running SeaLink from a Config.
"""

from sealink.config.access import configured_by
from sealink.config.defaults import GENERATED_KEY
from sealink.config.file import load, load_with_warnings, parse
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
    "configured_by",
    "from_environment",
    "hedge_after_s_of",
    "load",
    "load_with_warnings",
    "parse",
    "rule_of",
    "timeouts_of",
]
