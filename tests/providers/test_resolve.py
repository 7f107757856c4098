"""Where a provider is: what the user says, the vendor's variables, and what is told when something is missing."""

import re
import sys
from pathlib import Path

import pytest

from sealink.config import ConfigError, ProviderConfig, load

CLOUDS = (Path(__file__).parents[2] / "docs" / "clouds.md").read_text()
KEYS = '[[keys]]\nname = "k"\nkey = "sk"\n'


def provider(tmp_path: Path, table: str, **variables: str) -> ProviderConfig:
    path = tmp_path / "sealink.toml"
    path.write_text(f"[[providers]]\n{table}\n{KEYS}")
    return load(path, variables).providers[0]


def mistake(tmp_path: Path, table: str, **variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        provider(tmp_path, table, **variables)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_a_key_comes_from_the_vendors_variable(tmp_path: Path) -> None:
    assert provider(tmp_path, 'name = "groq"', GROQ_API_KEY="sk-1").api_key == "sk-1"
    assert provider(tmp_path, 'name = "groq"\napi_key = "sk-2"', GROQ_API_KEY="sk-1").api_key == "sk-2"


def test_a_key_of_the_environment_does_not_go_to_another_address(tmp_path: Path) -> None:
    assert provider(tmp_path, 'name = "groq"\nbase_url = "http://127.0.0.1:1"', GROQ_API_KEY="sk-1").api_key == ""


def test_a_second_provider_of_a_vendor_has_a_name_of_its_own(tmp_path: Path) -> None:
    second = provider(tmp_path, 'name = "mine"\nvendor = "groq"', GROQ_API_KEY="sk-1")
    assert (second.base_url, second.dialect_name) == ("https://api.groq.com/openai/v1", "openai")
    assert "'grok' is not a known vendor" in mistake(tmp_path, 'name = "mine"\nvendor = "grok"')


def test_another_dialect_of_a_vendor_has_an_address_of_its_own(tmp_path: Path) -> None:
    other = provider(tmp_path, 'name = "deepseek"\ndialect = "anthropic"')
    assert other.base_url == "https://api.deepseek.com/anthropic"
    assert other.vendor_profile is not None
    assert other.vendor_profile.headers("sk") == (("x-api-key", "sk"),)
    told = mistake(tmp_path, 'name = "groq"\ndialect = "anthropic"')
    assert told == "sealink.toml:1: 'groq' is not known to speak 'anthropic': set its `base_url`"


def test_a_setting_in_an_address(tmp_path: Path) -> None:
    said = provider(tmp_path, 'name = "azure"\nresource = "mine"\napi_key = "sk"')
    assert said.base_url == "https://mine.openai.azure.com/openai/v1"
    assert said.vendor_profile is not None
    assert said.vendor_profile.headers("sk") == (("api-key", "sk"),)
    found = provider(tmp_path, 'name = "azure"', AZURE_RESOURCE_NAME="ours")
    assert found.base_url == "https://ours.openai.azure.com/openai/v1"


def test_a_setting_that_is_missing_is_named(tmp_path: Path) -> None:
    assert mistake(tmp_path, 'name = "azure"\napi_key = "sk"') == (
        "sealink.toml:1: azure: 'azure' needs `resource`: set it here, or the environment variable AZURE_RESOURCE_NAME"
    )
    assert "gpustack' has no address of its own: set `base_url`" in mistake(tmp_path, 'name = "gpustack"')
    assert provider(tmp_path, 'name = "azure"\nbase_url = "https://x.test/v1"').base_url == "https://x.test/v1"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("us-east5", "us-east5-aiplatform.googleapis.com"),
    ],
)
def test_where_vertex_is(tmp_path: Path, region: str, host: str) -> None:
    claude = provider(tmp_path, f'name = "vertex"\ndialect = "anthropic"\nproject = "p"\nregion = "{region}"')
    at = f"projects/p/locations/{region or 'global'}/publishers/anthropic/models"
    assert claude.base_url == f"https://{host}/v1/{at}"


def test_a_library_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setitem(sys.modules, "google.auth", None)
    table = 'name = "bedrock-mantle"\nregion = "us-east-1"'
    told = mistake(tmp_path, table)
    assert told.startswith("sealink.toml:1: bedrock-mantle: without an `api_key`, requests are signed")
    assert told.endswith("pip install botocore")
    assert provider(tmp_path, f'{table}\napi_key = "sk"').api_key == "sk"
    claude = 'name = "vertex"\ndialect = "anthropic"\nproject = "p"'
    assert mistake(tmp_path, claude).endswith("pip install 'google-auth[requests]'")


def test_a_region_is_needed_to_sign(tmp_path: Path) -> None:
    told = mistake(tmp_path, 'name = "bedrock-mantle"\nbase_url = "http://127.0.0.1:1/v1"')
    assert told.endswith(
        "'bedrock-mantle' needs `region`: set it here, or the environment variable AWS_REGION or AWS_DEFAULT_REGION"
    )


def test_headers_of_ones_own(tmp_path: Path) -> None:
    said = provider(tmp_path, 'name = "openai"\nheaders = { "OpenAI-Project" = "${PROJECT}" }', PROJECT="p")
    assert said.headers == {"OpenAI-Project": "p"}
    for wrong in ('"a b" = "c"', '"" = "c"', '"x" = "a\\nb: c"'):
        told = mistake(tmp_path, f'name = "openai"\nheaders = {{ {wrong} }}')
        assert "is not a header name, or its value" in told
        assert told.startswith("sealink.toml:3: ")


@pytest.mark.parametrize("example", re.findall(r"^```toml\n(.*?)^```$", CLOUDS, re.MULTILINE | re.DOTALL))
def test_the_documented_examples_are_right(tmp_path: Path, example: str) -> None:
    path = tmp_path / "sealink.toml"
    path.write_text(example + KEYS)
    config = load(path, dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "said"))
    assert all(each.base_url.startswith("https://") and each.vendor_profile for each in config.providers)
