"""What is known of the vendors: as docs/providers.md, as JSON, as a table for the terminal."""

from collections.abc import Iterator
from typing import Any

import msgspec
from rich.table import Table

from sealink.providers import VENDORS
from sealink.providers.profile import Overrides, Profile
from sealink.providers.vendor import Vendor

PAGE = """\
# Providers

SeaLink knows these vendors by name: in `sealink.toml` a `[[providers]]` with this `name` needs no more than its
`api_key`, and not even that if the vendor's usual environment variable is set. Any other provider needs a `dialect` and
a `base_url`.

- For a vendor with several dialects the first one is used, unless `dialect` names another.
- A word in braces is a setting of the same name: `region = "eu-west-1"`, or its environment variable.
- A second provider of the same vendor has a name of its own, and `vendor = "…"`.
- Without a key, requests to AWS are signed (credentials come from where AWS's own tools look for them, or from
  `profile`), and requests to Google Cloud carry an access token (application default credentials, or `credentials`,
  the file of a service account). Either needs the extra of the vendor's name: `pip install 'sealink[NAME]'`.
- Overrides are where a vendor differs from the dialect; SeaLink takes care of them. Unsupported parameters are dropped
  and listed in the response header `x-sealink-dropped`.

[clouds.md](clouds.md) has examples. This page is written by `make docs` from the records in
`src/sealink/providers/vendors/`.

| name | dialect | address | key | settings | overrides |
|---|---|---|---|---|---|
"""


def as_json() -> str:
    """A JSON array, for programs."""
    return msgspec.json.encode([described(vendor) for vendor in VENDORS.values()]).decode()


def described(vendor: Vendor) -> dict[str, Any]:
    """All that is known of a vendor, as plain data."""
    return {
        "name": vendor.name,
        "docs": vendor.docs,
        "addresses": [
            {"dialect": profile.dialect, "base_url": profile.base_url, "habits": list(_overrides(profile))}
            for profile in vendor.profiles
        ],
        "key_variable": vendor.key_variable,
        "settings": {name: list(setting.variables) for name, setting in vendor.settings.items()},
        "signs": vendor.signing is not None,
        "serves": list(vendor.serves),
    }


def page() -> str:
    """docs/providers.md."""
    return PAGE + "".join(f"| {' | '.join(_cells(vendor))} |\n" for vendor in VENDORS.values())


def _cells(vendor: Vendor) -> Iterator[str]:
    yield f"[{vendor.name}]({vendor.docs})"
    yield "<br>".join(profile.dialect for profile in vendor.profiles)
    yield "<br>".join(f"`{profile.base_url}`" if profile.base_url else "`base_url`" for profile in vendor.profiles)
    yield f"`{vendor.key_variable}`" if vendor.key_variable else ""
    yield "<br>".join(_setting(vendor, name) for name in vendor.settings)
    yield "<br>".join(override for profile in vendor.profiles for override in _overrides(profile))


def _setting(vendor: Vendor, name: str) -> str:
    setting = vendor.settings[name]
    variables = " or ".join(f"`{variable}`" for variable in setting.variables)
    sources = [*([variables] if variables else []), *([f"default `{setting.default}`"] if setting.default else [])]
    return f"`{name}`" + (f": {', '.join(sources)}" if sources else "") + (" (optional)" if setting.optional else "")


def _overrides(profile: Overrides) -> Iterator[str]:
    if isinstance(profile, Profile) and profile.wants_thinking:
        yield "The model's earlier thinking is sent again, in `reasoning_content`."
    if isinstance(profile, Profile) and profile.server_call_ids:
        yield f"Tool calls `{profile.server_call_ids}…`, which the vendor runs itself, are not passed on as calls."
    if isinstance(profile, Profile) and profile.takes_custom_tools:
        yield "Custom tools are sent as they are."
    for function in (*profile.transforms, *([profile.path] if profile.path else [])):
        yield (function.__doc__ or "").partition("\n")[0]
    for override in profile.status_overrides:
        yield f"{override.status} is treated as {override.meant_status}: “{override.pattern.replace('|', '”, “')}”."
    if profile.unsupported:
        yield f"Unsupported, dropped: {', '.join(f'`{name}`' for name in profile.unsupported)}."


def table() -> Table:
    table = Table("name", "dialect", "address", "key", "settings", box=None, pad_edge=False, header_style="bold")
    for vendor in VENDORS.values():
        table.add_row(
            vendor.name,
            "\n".join(profile.dialect for profile in vendor.profiles),
            "\n".join(profile.base_url or "(your base_url)" for profile in vendor.profiles),
            vendor.key_variable,
            "\n".join(vendor.settings),
        )
    return table
