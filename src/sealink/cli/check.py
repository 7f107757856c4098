"""`sealink check`: is a config right, and what would each model use?"""

from typing import TYPE_CHECKING, Annotated

import typer

from sealink.cli.configuration import ConfigOption, fail, load_or_exit

if TYPE_CHECKING:
    from sealink.config import Config, ProviderConfig


def check(
    config: ConfigOption = None,
    live: Annotated[bool, typer.Option("--live", help="Ask each provider for its models.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that a provider may take, with --live.")] = 10.0,
) -> None:
    """Check a config, and show what each model would use. Exits with 1, and FILE:LINE of each mistake, if there are
    any; with --live also if a provider is not reached, does not take its key, or does not offer a model."""
    from sealink.app.proxies import proxies_of_the_environment
    from sealink.config import ConfigError

    mistakes = []
    try:
        proxies_of_the_environment()
    except ConfigError as error:
        mistakes.append(str(error))
    loaded = load_or_exit(config, warn=True, mistakes=mistakes)
    check_certificates(loaded)
    if (away := shared_away(loaded)) is not None:
        share = loaded.shared.local_share
        typer.echo(f"warning: Redis is away, each node counts {share:g} of each limit: {away}", err=True)
    for line in describe(loaded):
        typer.echo(line)
    if live:
        _ask_providers(loaded, timeout)


def _ask_providers(config: "Config", timeout_s: float) -> None:
    import asyncio

    from sealink.app.live_check import live_check

    found = asyncio.run(live_check(config, timeout_s))
    for each in found:
        typer.echo(str(each), err=not each.is_ok)
    if not all(each.is_ok for each in found):
        raise typer.Exit(1)


def check_certificates(config: "Config") -> None:
    """End with 1 where a certificate or its key cannot be used."""
    from sealink.net.server import CertificateError, ServerTls

    for name, table in (("server", config.server), ("admin", config.admin)):
        try:
            ServerTls.of(table.tls_cert, table.tls_key)
        except CertificateError as error:
            fail(f"[{name}] tls_cert: {error}")


def shared_away(config: "Config") -> str | None:
    """Why Redis is away, where nodes share counters in it."""
    if config.shared.redis_url is None:
        return None
    import asyncio

    from sealink.limits.nodes.connection import RedisAway, answers

    try:
        asyncio.run(answers(config.shared.redis_url, config.shared.timeout_s))
    except RedisAway as error:
        return str(error)
    return None


def describe(config: "Config") -> list[str]:
    """One line for each model: its targets in order, what they cost for a million tokens, and when it is hedged."""
    from sealink.cli.check_prices import PricedTargets
    from sealink.config import hedge_after_s_of
    from sealink.policy.routing import name_at_target

    providers = {provider.name: provider for provider in config.providers}
    prices = PricedTargets(config)
    lines = []
    for model in config.models:
        targets = []
        for target in model.targets:
            provider, name = providers[target.provider], name_at_target(target.model, model.id, model.id)
            targets.append(f"{provider.name}:{name} ({_about(provider, prices.price(provider, name))})")
        after_s = hedge_after_s_of(config, model)
        hedged = f"; hedged after {after_s:g} s" if after_s and len(targets) > 1 else ""
        lines.append(f"{model.id} → {', then '.join(targets)}{hedged}")
    if prices.unpriced:
        lines.append(
            f"no price is known of {', '.join(dict.fromkeys(prices.unpriced))}: what they cost is shown as -."
            " Set the provider's `vendor`, or [[prices]]"
        )
    return [*lines, f"{len(config.models)} models, {len(config.providers)} providers, {len(config.keys)} keys: ok"]


def _about(provider: "ProviderConfig", price: str) -> str:
    """A provider's dialect and address, and the price of the model there."""
    return ", ".join(filter(None, (provider.dialect_name, provider.base_url or "built in", price)))
