"""`sealink check`: is a config right, and what would each model use?"""

import typer

from sealink.cli.configuration import ConfigOption, load_or_exit, warn_unenforced
from sealink.config import Config, hedge_after_s_of


def check(config: ConfigOption = None) -> None:
    """Validate a config and say what each model would use. Exits with 1 and file:line on a mistake."""
    loaded = load_or_exit(config)
    warn_unenforced(loaded)
    for line in describe(loaded):
        typer.echo(line)


def describe(config: Config) -> list[str]:
    """One line for each model: its targets in order, and when it is hedged."""
    providers = {provider.name: provider for provider in config.providers}
    lines = []
    for model in config.models:
        targets = [
            f"{target.provider}:{target.model or model.id}"
            f" ({providers[target.provider].dialect_name}, {providers[target.provider].address or 'built in'})"
            for target in model.targets
        ]
        after_s = hedge_after_s_of(config, model)
        hedged = f"; hedged after {after_s:g} s" if after_s and len(targets) > 1 else ""
        lines.append(f"{model.id} → {', then '.join(targets)}{hedged}")
    return [*lines, f"{len(config.models)} models, {len(config.providers)} providers, {len(config.keys)} keys: ok"]
