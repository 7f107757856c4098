"""`sealink providers`: which vendors are known by name, and what is known of them."""

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from sealink.providers import VENDORS
from sealink.providers.profile import Overrides, Profile
from sealink.providers.vendor import Vendor

PIPED_WIDTH = 200
"""Columns of a table that does not go to a terminal."""

PAGE = """\
# Providers

SeaLink knows these vendors by name: in `sealink.toml` a `[[providers]]` with this `name` needs no more than its
`api_key`, and not even that where the vendor's usual environment variable holds it. Any other provider says its
`dialect` and `base_url`.

- A vendor that speaks several dialects is spoken to in the first one, unless `dialect` says another.
- A word in braces is a setting of the same name: `region = "eu-west-1"`, or its environment variable.
- A second provider of the same vendor has a name of its own, and `vendor = "…"`.
- Without a key, requests to AWS are signed (credentials come from where AWS's own tools look for them, or from
  `profile`), and requests to Google Cloud carry an access token (application default credentials, or `credentials`,
  the file of a service account). Either needs the extra of the vendor's name: `pip install 'sealink[NAME]'`.
- Overrides are what a vendor wants otherwise than the dialect has it; SeaLink sees to them. What is left out is named
  in the response header `x-sealink-dropped`.

[clouds.md](clouds.md) has examples. This page is written by `make docs` from the records in `src/sealink/providers/`.

| name | speaks | at | key | settings | profile |
|---|---|---|---|---|---|
"""


def providers(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    as_page: Annotated[bool, typer.Option("--markdown", help="As docs/providers.md.")] = False,
) -> None:
    """The vendors that are known by name, with their addresses and the variables of their keys."""
    if as_json:
        typer.echo(msgspec.json.encode([described(vendor) for vendor in VENDORS.values()]).decode())
    elif as_page:
        typer.echo(page(), nl=False)
    else:
        width = None if sys.stdout.isatty() else PIPED_WIDTH
        Console(width=width, markup=False, emoji=False, highlight=False).print(_table())


def described(vendor: Vendor) -> dict[str, Any]:
    """All that is known of a vendor, as plain data."""
    return {
        "name": vendor.name,
        "docs": vendor.docs,
        "addresses": [
            {"dialect": address.dialect, "base_url": address.base_url, "habits": list(_habits(address))}
            for address in vendor.profiles
        ],
        "key_variable": vendor.key_variable,
        "settings": {name: list(setting.variables) for name, setting in vendor.settings.items()},
        "signs": vendor.signer is not None,
        "serves": list(vendor.serves),
    }


def page() -> str:
    """docs/providers.md."""
    return PAGE + "".join(f"| {' | '.join(_cells(vendor))} |\n" for vendor in VENDORS.values())


def _cells(vendor: Vendor) -> Iterator[str]:
    yield f"[{vendor.name}]({vendor.docs})"
    yield "<br>".join(address.dialect for address in vendor.profiles)
    yield "<br>".join(f"`{address.base_url}`" if address.base_url else "`base_url`" for address in vendor.profiles)
    yield f"`{vendor.key_variable}`" if vendor.key_variable else ""
    yield "<br>".join(_setting(vendor, name) for name in vendor.settings)
    yield "<br>".join(words for address in vendor.profiles for words in _habits(address))


def _setting(vendor: Vendor, name: str) -> str:
    setting = vendor.settings[name]
    variables = " or ".join(f"`{variable}`" for variable in setting.variables)
    says = [*([variables] if variables else []), *([f"default `{setting.default}`"] if setting.default else [])]
    return f"`{name}`" + (f": {', '.join(says)}" if says else "") + (" (optional)" if setting.optional else "")


def _habits(profile: Overrides) -> Iterator[str]:
    if isinstance(profile, Profile) and profile.wants_thinking:
        yield "What the model thought before is said again, in `reasoning_content`."
    for function in (*profile.transforms, *([profile.path] if profile.path else [])):
        yield (function.__doc__ or "").partition("\n")[0]
    for told in profile.status_overrides:
        yield f"{told.status} is taken for {told.meant}: “{told.words.replace('|', '”, “')}”."
    if profile.unsupported:
        yield f"Left out, since refused: {', '.join(f'`{name}`' for name in profile.unsupported)}."


def _table() -> Table:
    table = Table("name", "speaks", "at", "key", "settings", box=None, pad_edge=False, header_style="bold")
    for vendor in VENDORS.values():
        table.add_row(
            vendor.name,
            "\n".join(address.dialect for address in vendor.profiles),
            "\n".join(address.base_url or "(your base_url)" for address in vendor.profiles),
            vendor.key_variable,
            "\n".join(vendor.settings),
        )
    return table
