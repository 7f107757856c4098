"""The list of vendors: every record is whole, and leads to a provider."""

import re
import string
from pathlib import Path

import pytest

from recordings import Case
from sealink.app import UPSTREAM_DIALECTS
from sealink.config import ProviderConfig, from_environment
from sealink.providers import FILES, VENDORS
from sealink.providers.transforms import apply_profile
from sealink.providers.vendor import Vendor
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.raw_json.fields import encode

FOLDER = Path(__file__).parents[2] / "src" / "sealink" / "providers" / "vendors"
NO_VENDORS = {"__init__"}

NOT_KNOWN = {
    "chatgpt-codex": "the backend of one vendor's own program, for its accounts alone",
    "github-copilot": "speaks to known editors only, and has no documents for others",
}
"""Providers of recordings that no record is for, and why."""

OTHER_NAMES = {
    "anthropic-azure": "azure",
    "anthropic-vertex": "vertex",
    "gemini-openai": "gemini",
    "gemini-vertex": "vertex",
    "openai-chat": "openai",
    "openai-responses": "openai",
}
"""Recordings' names for a vendor that is reached in one of its several ways."""

vendors = pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)


def test_every_file_is_listed_under_its_own_name() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} - NO_VENDORS == set(FILES)
    assert [vendor.name.replace("-", "_") for vendor in VENDORS.values()] == list(FILES)


@vendors
def test_a_record_is_whole(vendor: Vendor) -> None:
    assert vendor.docs.startswith("https://")
    assert len({profile.dialect for profile in vendor.profiles}) == len(vendor.profiles) > 0
    assert re.fullmatch(r"[A-Z][A-Z_]*|", vendor.key_variable)
    fields = set(ProviderConfig.__struct_fields__)
    assert set(vendor.settings) <= fields, "a setting that no table of a provider has"
    for profile in vendor.profiles:
        assert profile.dialect in UPSTREAM_DIALECTS
        assert re.match(r"https://|http://localhost:|$", profile.base_url)
        assert not profile.base_url.endswith("/")
        named = {name for _, name, _, _ in string.Formatter().parse(profile.base_url) if name}
        assert named <= {*vendor.settings, *({"host"} if vendor.located else ())}
        assert all(transform.__doc__ and transform.__doc__.endswith(".") for transform in profile.transforms)


@pytest.mark.parametrize(
    "vendor",
    [vendor for vendor in VENDORS.values() if vendor.key_variable and vendor.profiles[0].base_url],
    ids=lambda vendor: vendor.name,
)
def test_a_vendor_with_its_variables_set_is_found_in_the_environment(vendor: Vendor) -> None:
    said = {setting.variables[0]: "there" for setting in vendor.settings.values()}
    config = from_environment({vendor.key_variable: "sk-1", **said})
    provider = next(provider for provider in config.providers if provider.name == vendor.name)
    assert (provider.api_key, "{" in provider.base_url) == ("sk-1", False)
    assert any(target.provider == vendor.name for model in config.models for target in model.targets)


@vendors
def test_every_profile_can_be_applied(vendor: Vendor) -> None:
    """Whatever a body holds: a transform accepts it, and changes nothing the second time."""
    bodies: list[dict[str, object]] = [
        {"model": "m"},
        {"model": "m", "stream": True, "max_completion_tokens": 5, "max_tokens": 6, "reasoning_effort": "none"},
        {"model": None, "max_tokens": None, "reasoning_effort": 5, "logit_bias": {}, "seed": "x", "stop": None},
    ]
    for profile in vendor.profiles:
        for body in bodies:
            once = apply_profile(OutgoingRequest("/p", encode(body)), profile)
            assert apply_profile(OutgoingRequest("/p", once.body), profile).body == once.body


def test_every_recorded_provider_is_known(recorded: list[Case]) -> None:
    names = {case.id.split("/")[0] for case in recorded}
    unknown = {name for name in names if OTHER_NAMES.get(name, name) not in VENDORS}
    assert unknown == set(NOT_KNOWN) & names
