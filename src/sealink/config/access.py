"""[[keys]] and [[teams]] as access/ has them."""

from sealink.access.configured import Configured, ConfiguredKey, ConfiguredTeam
from sealink.access.keys import api_key, team_of
from sealink.config.sections import Config


def configured_by(config: Config) -> Configured:
    """The keys and teams of a config."""
    places = config.places
    keys = (ConfiguredKey(api_key(key.name, key), key.key, places.get(f"keys.{key.name}", "")) for key in config.keys)
    teams = (ConfiguredTeam(team_of(team.name, team), places.get(f"teams.{team.name}", "")) for team in config.teams)
    return Configured(tuple(keys), tuple(teams))
