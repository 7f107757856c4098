"""The keys and teams that stand in sealink.toml or the environment: they are in force, and cannot be changed here."""

from functools import cached_property

import msgspec

from sealink.access.keys import ApiKey, Team


class ConfiguredKey(msgspec.Struct, frozen=True):
    """A key of the config. `set_in` is where it stands: `sealink.toml:12`."""

    key: ApiKey
    secret: str
    set_in: str


class ConfiguredTeam(msgspec.Struct, frozen=True):
    """A team of the config."""

    team: Team
    set_in: str


class Configured(msgspec.Struct, dict=True):
    """All keys and teams of a config, found by name."""

    key_list: tuple[ConfiguredKey, ...] = ()
    team_list: tuple[ConfiguredTeam, ...] = ()

    @cached_property
    def keys(self) -> dict[str, ConfiguredKey]:
        return {each.key.name: each for each in self.key_list}

    @cached_property
    def teams(self) -> dict[str, ConfiguredTeam]:
        return {each.team.name: each for each in self.team_list}
