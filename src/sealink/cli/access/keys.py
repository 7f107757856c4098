"""`sealink keys`: API keys in the store that the config names, whether or not a server runs.

What is changed is in force on every node within a second. Nothing is asked back.
"""

from typing import Annotated, Any

import typer

from sealink.cli.access import shown
from sealink.cli.access.opened import actor, opened
from sealink.cli.access.rule_options import KEY_OPTIONS, changes_of, rules_of, takes_rules
from sealink.cli.access.standing import read_standing
from sealink.cli.configuration import ConfigOption

app = typer.Typer(help="API keys: made, listed, changed, rotated, revoked.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The key's name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
OverlapOption = Annotated[float, typer.Option(min=0, help="How long the old one goes on, in seconds.")]
AddBalanceOption = Annotated[
    float | None, typer.Option(help="Pay in so many dollars, for a key of the config file too; below 0: take back.")
]
EndStreamsOption = Annotated[bool, typer.Option("--end-streams", help="End open streams too.")]


@app.command()
@takes_rules(KEY_OPTIONS)
def create(name: NameArgument, given: dict[str, Any], as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Make a key. It is printed once, as the last line; the store keeps a hash of it."""
    from sealink.access.keys import KeyRules
    from sealink.access.tables.key_table import KeyTable

    with opened(config) as store:
        record, secret = KeyTable(store).create(name, rules_of(KeyRules, given), actor())
    shown.print_secret(record, secret, as_json=as_json)


@app.command("list")
def list_keys(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """All keys, those of the config file too."""
    from sealink.access.tables.key_table import KeyTable

    with opened(config) as store:
        records = KeyTable(store).list()
    shown.print_list(records, shown.KEY_COLUMNS, as_json=as_json)


@app.command()
def show(name: NameArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """One key, its rules, and what is left of its limits and money."""
    from sealink.access.tables.key_table import KeyTable
    from sealink.limits.standing import key_subject

    with opened(config) as store:
        record = KeyTable(store).find(name)
    subject = key_subject(record)
    shown.print_record(record, read_standing(subject, config), as_json=as_json)


@app.command()
@takes_rules(KEY_OPTIONS)
def update(
    name: NameArgument,
    given: dict[str, Any],
    add_balance_usd: AddBalanceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change a key's rules, or pay into its balance. The value `none` takes a setting away."""
    from sealink.access.keys import KeyRules
    from sealink.access.tables.key_table import KeyTable

    changes = changes_of(KeyRules, given)
    with opened(config) as store:
        if add_balance_usd is not None:
            record = KeyTable(store).pay_in(name, add_balance_usd, actor())
        if changes or add_balance_usd is None:
            record = KeyTable(store).update(name, changes, actor())
    shown.print_record(record, as_json=as_json)


@app.command()
def rotate(
    name: NameArgument,
    overlap_s: OverlapOption = 0.0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make another secret for a key. It is printed once, as the last line."""
    from sealink.access.tables.key_table import KeyTable

    with opened(config) as store:
        record, secret = KeyTable(store).rotate(name, actor(), overlap_s=overlap_s)
    shown.print_secret(record, secret, as_json=as_json)


@app.command()
def revoke(
    name: NameArgument,
    end_streams: EndStreamsOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let nobody in with a key any more. Its name stays taken, for the sake of its usage."""
    from sealink.access.tables.key_table import KeyTable

    with opened(config) as store:
        record = KeyTable(store).revoke(name, actor(), end_streams=end_streams)
    shown.print_record(record, as_json=as_json)
