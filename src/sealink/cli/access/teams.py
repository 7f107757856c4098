"""`sealink teams`: keys that share limits, in the store that the config names, whether or not a server runs."""

from typing import Annotated, Any

import typer

from sealink.cli.access import shown
from sealink.cli.access.keys import EndStreamsOption, JsonOption, OverlapOption
from sealink.cli.access.opened import actor, opened
from sealink.cli.access.rule_options import TEAM_OPTIONS, changes_of, rules_of, takes_rules
from sealink.cli.access.standing import read_standing
from sealink.cli.configuration import ConfigOption

app = typer.Typer(help="Teams, whose keys share limits: made, listed, changed, rotated, revoked.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The team's name.")]


@app.command()
@takes_rules(TEAM_OPTIONS)
def create(name: NameArgument, given: dict[str, Any], as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Make a team."""
    from sealink.access.keys import TeamRules
    from sealink.access.tables.team_table import TeamTable

    with opened(config) as store:
        record = TeamTable(store).create(name, rules_of(TeamRules, given), actor())
    shown.print_record(record, as_json=as_json)


@app.command("list")
def list_teams(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """All teams, those of the config file too."""
    from sealink.access.tables.team_table import TeamTable

    with opened(config) as store:
        records = TeamTable(store).list()
    shown.print_list(records, shown.TEAM_COLUMNS, as_json=as_json)


@app.command()
def show(name: NameArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """One team, its rules, and what is left of its limits and money."""
    from sealink.access.tables.team_table import TeamTable
    from sealink.limits.standing import team_subject

    with opened(config) as store:
        record = TeamTable(store).find(name)
    standing = read_standing(team_subject(record), config)
    shown.print_record(record, standing, as_json=as_json)


@app.command()
@takes_rules(TEAM_OPTIONS)
def update(name: NameArgument, given: dict[str, Any], as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Change a team's rules. The value `none` takes a setting away."""
    from sealink.access.keys import TeamRules
    from sealink.access.tables.team_table import TeamTable

    with opened(config) as store:
        record = TeamTable(store).update(name, changes_of(TeamRules, given), actor())
    shown.print_record(record, as_json=as_json)


@app.command()
def rotate(
    name: NameArgument,
    overlap_s: OverlapOption = 0.0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make another secret for each key of a team that is in the store. They are printed once, a line for each."""
    from sealink.access.tables.key_table import KeyTable
    from sealink.access.tables.team_table import TeamTable

    with opened(config) as store:
        TeamTable(store).find(name)
        keys = KeyTable(store)
        for record in keys.list():
            if record.team == name and record.source == "store" and record.status != "revoked":
                rotated, secret = keys.rotate(record.name, actor(), overlap_s=overlap_s)
                shown.print_secret(rotated, secret, as_json=as_json)


@app.command()
def revoke(
    name: NameArgument,
    end_streams: EndStreamsOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let nobody in with a key of a team any more."""
    from sealink.access.tables.team_table import TeamTable

    with opened(config) as store:
        record = TeamTable(store).revoke(name, actor(), end_streams=end_streams)
    shown.print_record(record, as_json=as_json)
