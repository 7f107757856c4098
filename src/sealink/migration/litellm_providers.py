"""LiteLLM's names and addresses of providers, as SeaLink's.

LiteLLM writes a model as `provider/name` (docs.litellm.ai/docs/providers). Its providers are found among SeaLink's
vendors by rules rather than by a list, so that a vendor that is added to SeaLink is found too.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from sealink.providers import VENDORS
from sealink.providers.profile import OWN_VENDORS
from sealink.providers.vendor import Vendor

_PARTS: Final = re.compile(r"_(?:ai|chat|nim|gateway|text|completion)(?=_|$)|^(?:hosted|text|custom)_|_like$|_proxy$|_")
"""What LiteLLM adds to a vendor's name: `together_ai`, `cohere_chat`, `hosted_vllm`."""

_SETTINGS: Final = {
    "region_name": "region",
    "location": "region",
    "profile_name": "profile",
    "project": "project",
    "credentials": "credentials",
}
"""Settings of a provider, by what LiteLLM's names for them end in, behind a cloud's name."""

USED: Final = frozenset({"api_key", "api_base", "base_url", "extra_headers", "organization"})
"""The parameters of a deployment that say something about its provider, besides its settings."""

_ENVIRONMENT: Final = re.compile(r"os\.environ/(\w+)")


class Deployment(NamedTuple):
    """Where an entry of `model_list` leads: a table of [[providers]] and the model's name there."""

    provider: dict[str, Any]
    model: str


def deployment_of(model: str, parameters: Mapping[str, Any]) -> Deployment | None:
    """Where `litellm_params` lead; None where SeaLink does not know the provider, and no address is given."""
    prefix, slash, name = model.partition("/")
    vendor = vendor_of(prefix) if slash else None
    address = _text(parameters, "api_base") or _text(parameters, "base_url")
    if vendor is None and not address:
        vendor, name = _serving(model), model
        if vendor is None:
            return None
    if vendor is not None:
        name = name.removeprefix("converse/").removeprefix("responses/")
    if vendor is None or _is_only_the_api(vendor, address):
        return Deployment(_at_address(vendor, address or "", parameters), name if slash else model)
    return Deployment(_of_vendor(vendor, address, parameters), name)


def vendor_of(prefix: str) -> Vendor | None:
    """The vendor that LiteLLM calls `prefix`: by name, or by the variable that its users keep their key in."""
    plain = _plain(prefix)
    by_name = next((vendor for vendor in VENDORS.values() if _plain(vendor.name) == plain), None)
    variable = f"{prefix.upper()}_"
    return by_name or next((each for each in VENDORS.values() if each.key_variable.startswith(variable)), None)


def setting_of(parameter: str) -> str:
    """The setting of a provider that a parameter is, `""` for others: an AWS region's name is a `region`."""
    return _SETTINGS.get(parameter.partition("_")[2], "")


def value_of(value: Any) -> Any:
    """A value of LiteLLM's config; `os.environ/NAME` is a variable, as `${NAME}` is here."""
    return _ENVIRONMENT.sub(r"${\1}", value) if isinstance(value, str) else value


def _plain(name: str) -> str:
    return _PARTS.sub("", name.lower().replace("-", "_"))


def _serving(model: str) -> Vendor | None:
    """The vendor whose models have such names."""
    return next((each for each in VENDORS.values() if any(fnmatchcase(model, way) for way in each.serves)), None)


def _is_only_the_api(vendor: Vendor, address: str | None) -> bool:
    """Whether the vendor's name stands for an API alone, as `openai/` does before the address of another server."""
    if not address or vendor.name not in OWN_VENDORS.values():
        return False
    return _host(address) != _host(vendor.profiles[0].base_url)


def _at_address(vendor: Vendor | None, address: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A provider that is no known vendor."""
    host = _host(address) or address
    return {
        "name": re.sub(r"[^\w.-]+", "-", host).strip("-") or "server",
        "dialect": vendor.profiles[0].dialect if vendor else "openai",
        "base_url": address.rstrip("/"),
        "api_key": _text(parameters, "api_key") or "none",
        "headers": _headers(parameters),
    }


def _of_vendor(vendor: Vendor, address: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {"name": vendor.name}
    found = _settings_in(vendor.profiles[0].base_url, address) if address else {}
    if address and found is None and _host(address) != _host(vendor.profiles[0].base_url):
        table["base_url"] = address.rstrip("/")
    table["api_key"] = _text(parameters, "api_key")
    table |= found or {}
    for name in parameters:
        if setting_of(name) in vendor.settings:
            table[setting_of(name)] = _text(parameters, name)
    table["headers"] = _headers(parameters)
    return table


def _settings_in(template: str, address: str) -> dict[str, str] | None:
    """The settings that an address has where the vendor's has `{…}`: the resource in
    `https://RESOURCE.openai.azure.com`. None where it is another address."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[\\w-]+)", re.escape(_host(template)))
    fits = re.fullmatch(pattern, _host(address))
    return fits.groupdict() if fits and fits.groupdict() else None


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _headers(parameters: Mapping[str, Any]) -> dict[str, str] | None:
    given = parameters.get("extra_headers")
    headers = {str(name): str(value_of(value)) for name, value in given.items()} if isinstance(given, dict) else {}
    if organization := _text(parameters, "organization"):
        headers["openai-organization"] = organization
    return headers or None


def _text(parameters: Mapping[str, Any], name: str) -> str | None:
    value = parameters.get(name)
    return None if value is None else str(value_of(value))
