"""Names of models that SeaLink itself gives."""

from typing import Final

SIM_MODEL: Final = "sealink/sim"
"""The simulated model of a run without a config, and of `sealink sim`."""

DOCUMENTED_MODEL: Final = "claude-sonnet-4-6"
"""The model of the documented examples. Where no provider is configured at all, it is simulated too."""
