"""Configs of LiteLLM become a sealink.toml that SeaLink takes, and whose models stream."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sealink_command
from acceptance.sealink_process import KEY, SealinkProcess
from providers.google_tokens import account_file, token_server
from replay import Answer, ReplayingUpstream, Request
from sealink.config import load
from sealink.migration.litellm import NotAConfig, migrate
from sealink.migration.sealink_toml import toml_of
from sealink.providers import VENDORS
from sim.simulation import running_sim
from wire.aws_messages import sample

CONFIGS = sorted((Path(__file__).parent / "litellm").glob("*.yaml"))
VARIABLES = [
    *("AZURE_API_KEY_EU", "AZURE_API_KEY_CA", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GROQ_API_KEY"),
    *("OPENROUTER_API_KEY", "DASHSCOPE_API_KEY", "LITELLM_MASTER_KEY", "SEALINK_API_KEY"),
]
OLLAMA_STREAM = Path(__file__).parents[1] / "wire" / "samples" / "ollama" / "thinking_and_tools.ndjson"


def migrated(name: str) -> dict[str, Any]:
    (path,) = [path for path in CONFIGS if path.stem == name]
    return tomllib.loads(migrate(path.read_text()).toml)


def notes(name: str) -> str:
    (path,) = [path for path in CONFIGS if path.stem == name]
    return "\n".join(migrate(path.read_text()).notes)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_outcome_is_a_valid_config(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, f"sk-of-{name}")
    (tmp_path / "sealink.toml").write_text(migrate(path.read_text()).toml)
    config = load(tmp_path / "sealink.toml")
    assert config.models
    assert [key.name for key in config.keys] == ["master"]


def test_deployments_of_one_name_are_targets_of_one_model() -> None:
    config = migrated("two_deployments")
    assert config["models"][0] == {
        "id": "gpt-4o",
        "choose": "weighted",
        "targets": [{"provider": "azure", "model": "gpt-4o-eu"}, {"provider": "azure-2", "model": "gpt-4o-ca"}],
    }
    assert config["providers"][:2] == [
        {"name": "azure", "api_key": "${AZURE_API_KEY_EU}", "resource": "my-endpoint-eu"},
        {"name": "azure-2", "vendor": "azure", "api_key": "${AZURE_API_KEY_CA}", "resource": "my-endpoint-ca"},
    ]
    assert config["keys"] == [{"name": "master", "key": "sk-1234"}]
    assert "pictures: SeaLink does not serve models of mode 'image_generation'" in notes("two_deployments")


def test_fallbacks_are_targets_behind_the_models_own() -> None:
    config = migrated("fallbacks")
    models = {model["id"]: model for model in config["models"]}
    assert [target["provider"] for target in models["fast"]["targets"]] == ["groq", "anthropic", "openrouter"]
    assert (models["fast"]["first_content_s"], models["fast"]["total_s"]) == (5, 60)
    assert models["good"]["choose"] == "lowest_ttft"
    assert models["gpt-4"]["targets"] == models["good"]["targets"]
    assert models["old"]["targets"] == models["fast"]["targets"]
    assert (config["timeouts"], config["retry"]) == ({"total_s": 600}, {"attempts": 4})
    assert "there is no model 'nothing'" in notes("fallbacks")


def test_a_fallback_is_never_the_first_by_chance() -> None:
    config = """
model_list:
  - {model_name: a, litellm_params: {model: groq/one}}
  - {model_name: a, litellm_params: {model: groq/two, weight: 3}}
  - {model_name: b, litellm_params: {model: mistral/three}}
router_settings: {fallbacks: [{a: [b]}]}
"""
    (model, _) = tomllib.loads(migrate(config).toml)["models"]
    assert model["choose"] == "weighted"
    assert [target.get("weight", 1.0) for target in model["targets"]] == [1.0, 3.0, 0.0]


def test_prices_are_those_of_a_million_tokens() -> None:
    (price,) = migrated("own_servers")["prices"]
    assert (price["input_usd_per_mtok"], price["output_usd_per_mtok"]) == (0.2, 0.6)


def test_what_is_not_known_is_told() -> None:
    assert "somewhere: the provider of 'replicate/meta/llama-3' is not known" in notes("clouds")
    assert "there is no master_key" in notes("clouds")
    assert "ours: temperature" in notes("own_servers")
    assert notes("wildcards") == ""


@pytest.fixture
def upstreams() -> Iterator[dict[str, str]]:
    """The base URL of a provider for each dialect: simulated ones, and for AWS and Ollama samples of their streams."""
    with (
        running_sim() as chat,
        running_sim(dialect="anthropic") as messages,
        running_sim(dialect="gemini") as gemini,
        ReplayingUpstream(sampled) as others,
    ):
        yield {
            "openai": f"{chat.url}/v1",
            "anthropic": messages.url,
            "gemini": f"{gemini.url}/v1beta",
            "bedrock": others.url,
            "ollama": others.url,
        }


def sampled(request: Request) -> Answer:
    if request.path == "/api/chat":
        return Answer(OLLAMA_STREAM.read_bytes(), headers=[("content-type", "application/x-ndjson")])
    assert request.path == "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/us-west-2/bedrock/" in request.headers["authorization"]
    return Answer(sample("thinking_and_tools"), headers=[("content-type", "application/vnd.amazon.eventstream")])


def all_of_them(upstreams: Mapping[str, str]) -> tuple[str, list[str]]:
    """The five outcomes in one config, in which only the providers' addresses are others; and all models of it."""
    providers: dict[str, dict[str, Any]] = {}
    models: dict[str, dict[str, Any]] = {}
    for path in CONFIGS:
        outcome = migrated(path.stem)
        for provider in outcome["providers"]:
            vendor = VENDORS.get(provider.get("vendor", provider["name"]))
            dialect = provider.get("dialect") or (vendor.profiles[0].dialect if vendor else "")
            providers[provider["name"]] = {**provider, "base_url": upstreams[dialect]}
        for model in outcome["models"]:
            id = model["id"] if model["id"] not in models else f"{path.stem}-{model['id']}"
            models[id] = {**model, "id": id}
    keys = [{"name": "master", "key": "${SEALINK_API_KEY}"}]
    tables = {"providers": list(providers.values()), "models": list(models.values()), "keys": keys}
    return toml_of(tables, []), list(models)


def test_its_models_stream(tmp_path: Path, upstreams: dict[str, str]) -> None:
    """Every model of every config, by the outcome itself; requests to clouds are signed, with credentials made here."""
    config, models = all_of_them(upstreams)
    assert {"sonnet", "gemini", "gpt-4o", "own_servers-qwen", "anthropic/*"} < set(models)
    with token_server() as tokens:
        account = account_file(tmp_path / "account.json", tokens.url)
        variables = {
            **{name: f"sk-of-{name}" for name in VARIABLES if name != "SEALINK_API_KEY"},
            **{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": "none"},
            "GOOGLE_APPLICATION_CREDENTIALS": str(account),
        }
        with (
            SealinkProcess(config, tmp_path, variables) as sealink,
            openai.OpenAI(base_url=f"{sealink.url}/v1", api_key=KEY, max_retries=0) as client,
        ):
            for asked in [name.replace("*", "some/model") for name in models]:
                assert streamed(client, asked), asked
        assert len(tokens.asked) == 1


def streamed(client: openai.OpenAI, model: str) -> str:
    messages: Any = [{"role": "user", "content": "Hello"}]
    with client.chat.completions.create(model=model, messages=messages, stream=True) as stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "this is not YAML"),
        ("- 1", "no `model_list`"),
        ("model_list: 1", "no `model_list`"),
        ("", "no `model_list`"),
        ("model_list: [2026-13-01]", "a value that YAML cannot read: month must be"),
        ("model_list: [!!float '']", "a value that YAML cannot read"),
    ],
)
def test_what_is_no_config_is_told(text: str, why: str) -> None:
    with pytest.raises(NotAConfig, match=why):
        migrate(text)


ENTRIES = (
    "model_list: [{model_name: a, litellm_params: {model: groq/x}}, {model_name: a, litellm_params: {model: groq/y}}]"
)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("model_list: [{model_name: a, litellm_params: {model: groq/x, 1: 2}}]", "a: 1: it is not sent"),
        (f"{ENTRIES}\nrouter_settings: {{routing_strategy: [b]}}", "routing_strategy \"['b']\""),
        (f"{ENTRIES}\nrouter_settings: {{model_group_alias: {{c: [a]}}}}", "there is no model \"['a']\""),
        ("model_list: [{model_name: a, litellm_params: {model: groq/x, input_cost_per_token: 1.0e+308}}]", ""),
    ],
)
def test_values_of_other_types_than_litellm_takes(text: str, note: str) -> None:
    found = migrate(text)
    assert tomllib.loads(found.toml)["models"]
    assert note in "\n".join(found.notes)


def test_an_entry_without_a_model_is_told_without_its_key() -> None:
    config = "model_list: [{litellm_params: {api_key: sk-1}}, {model_name: b, litellm_params: {api_key: sk-1}}]"
    found = migrate(config)
    assert found.notes[:2] == [
        f"an entry of model_list has no model_name or no model: {which}" for which in ("number 1", "b")
    ]
    assert "sk-1" not in found.toml


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("openai/gpt-4o"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["model_name", "litellm_params", "model", "api_base", "api_key", "model_info", "mode", "weight", "timeout",
             "extra_headers", "fallbacks", "input_cost_per_token", "credential_name", "credential_values"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(_VALUES, max_size=3), _VALUES, _VALUES, _VALUES)
def test_whatever_is_in_it_the_outcome_is_toml(models: Any, litellm: Any, router: Any, credentials: Any) -> None:
    config = {
        "model_list": models,
        "litellm_settings": litellm,
        "router_settings": router,
        "credential_list": credentials,
        "general_settings": {"master_key": litellm},
    }
    tomllib.loads(migrate(json.dumps(config)).toml)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIGS[0].read_text())
    done = sealink_command.run(["import", "litellm", "config.yaml"], cwd=tmp_path)
    assert done.returncode == 0
    assert tomllib.loads(done.stdout)["models"]
    assert "note: somewhere: the provider of 'replicate/meta/llama-3' is not known" in done.stderr
    missing = sealink_command.run(["import", "litellm", "other.yaml"], cwd=tmp_path)
    assert (missing.returncode, missing.stdout, missing.stderr) == (1, "", f"other.yaml: {os.strerror(2)}\n")
