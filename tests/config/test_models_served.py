"""Which models a config without [[models]] serves, and what a `*` in a target stands for."""

from pathlib import Path

import pytest

from sealink.app import router_of
from sealink.catalog.models import SIM_MODEL
from sealink.config import Config, ConfigError, from_environment, load, load_with_warnings
from sealink.errors import NotFound
from sealink.policy.routing import Router, may_fit_one_name, stars_of
from sealink.providers.provider import Provider

SIM = '[[providers]]\nname = "sim"\ndialect = "sim"\n'
VLLM = '[[providers]]\nname = "box"\ndialect = "openai"\nbase_url = "http://h/v1"\n'
ANTHROPIC = '[[providers]]\nname = "anthropic"\napi_key = "k"\n'
OPENAI = '[[providers]]\nname = "openai"\napi_key = "k"\n'
EUROPE = '[[providers]]\nname = "eu"\nvendor = "anthropic"\napi_key = "k"\n'


def read(folder: Path, text: str, **variables: str) -> Config:
    path = folder / "sealink.toml"
    path.write_text(text)
    return load(path, variables)


def router(config: Config) -> Router:
    providers = {p.name: Provider(name=p.name, dialect=None, base_url=p.base_url) for p in config.providers}  # type: ignore[arg-type]
    return router_of(config, providers)


def led_to(config: Config, model: str) -> list[str]:
    """The targets of a model, as `provider:model`; none where no route leads to it."""
    try:
        return [f"{target.provider.name}:{target.model}" for target in router(config).route_of(model).targets]
    except NotFound:
        return []


@pytest.mark.parametrize(
    ("providers", "asked", "leads_to"),
    [
        (ANTHROPIC, "claude-sonnet-4-6", ["anthropic:claude-sonnet-4-6"]),
        (ANTHROPIC, "claude-not-out-yet", ["anthropic:claude-not-out-yet"]),
        (ANTHROPIC, "anthropic/claude-x", ["anthropic:claude-x"]),
        (ANTHROPIC, "gpt-4o", []),
        (ANTHROPIC + OPENAI, "gpt-4o", ["openai:gpt-4o"]),
        (EUROPE, "claude-x", ["eu:claude-x"]),
        (ANTHROPIC + EUROPE, "claude-sonnet-4-6", ["anthropic:claude-sonnet-4-6"]),
        (ANTHROPIC + EUROPE, "eu/claude-x", ["eu:claude-x"]),
        (VLLM, "box/Qwen/Qwen3", ["box:Qwen/Qwen3"]),
        (VLLM, "qwen3", ["box:qwen3"]),
        (VLLM + ANTHROPIC, "qwen3", []),
        (VLLM + ANTHROPIC, "box/qwen3", ["box:qwen3"]),
        (SIM, SIM_MODEL, [f"sim:{SIM_MODEL}"]),
        (SIM, "gpt-4o", []),
    ],
)
def test_providers_without_models_serve_what_their_vendors_do(
    tmp_path: Path, providers: str, asked: str, leads_to: list[str]
) -> None:
    assert led_to(read(tmp_path, providers), asked) == leads_to


def test_a_file_and_no_file_serve_the_same(tmp_path: Path) -> None:
    keys = {"ANTHROPIC_API_KEY": "a", "MISTRAL_API_KEY": "m", "OPENROUTER_API_KEY": "o"}
    none = from_environment(keys)
    same = "".join(f'[[providers]]\nname = "{name}"\n' for name in ("anthropic", "mistral", "openrouter")) + SIM
    assert read(tmp_path, same, **keys).models == none.models


def test_a_file_without_providers_has_those_of_the_environment(tmp_path: Path) -> None:
    config = read(tmp_path, "[server]\nport = 1\n", ANTHROPIC_API_KEY="a")
    assert (config.server.port, led_to(config, "claude-x")) == (1, ["anthropic:claude-x"])
    assert led_to(config, SIM_MODEL) == []


def test_models_that_are_named_are_all_there_are(tmp_path: Path) -> None:
    text = ANTHROPIC + '[[models]]\nid = "a"\ntargets = [{ provider = "anthropic", model = "claude-x" }]\n'
    assert led_to(read(tmp_path, text), "claude-x") == []


def model(name: str, target: str) -> str:
    return f'{VLLM}[[models]]\nid = "{name}"\ntargets = [{{ provider = "box", model = "{target}" }}]\n'


@pytest.mark.parametrize(
    ("name", "target", "asked", "leads_to"),
    [
        ("claude-*", "*", "claude-9", "claude-9"),
        ("claude-*", "claude-*", "claude-9", "claude-9"),
        ("claude-*", "anthropic/claude-*", "claude-9", "anthropic/claude-9"),
        ("claude-*", "one-for-all", "claude-9", "one-for-all"),
        ("my-*", "claude-*-latest", "my-opus", "claude-opus-latest"),
        ("box/*", "*", "box/org/m", "org/m"),
        ("box/*", "org/*", "box/m", "org/m"),
        ("*", "*", "any/thing", "any/thing"),
        ("*", "x-*", "y", "x-y"),
        ("*-of-*", "*.*", "a-of-b-of-c", "a.b-of-c"),
        ("*llama3*", "meta.llama3*", None, None),
        ("exact", "*", "exact", "exact"),
        ("box/exact", "*", "box/exact", "box/exact"),
        ("claude-*[1m]", "*", "claude-9[1m]", "claude-9[1m]"),
    ],
)
def test_a_star_in_a_target(tmp_path: Path, name: str, target: str, asked: str | None, leads_to: str | None) -> None:
    if asked is None:
        with pytest.raises(ConfigError, match=r"sealink.toml:7: model: each \*"):
            read(tmp_path, model(name, target))
    else:
        assert led_to(read(tmp_path, model(name, target)), asked) == [f"box:{leads_to}"]


@pytest.mark.parametrize(("name", "target"), [("exact", "x-*"), ("a*", "*-*"), ("a*b*", "x*")])
def test_a_star_that_stands_for_nothing_is_refused(tmp_path: Path, name: str, target: str) -> None:
    with pytest.raises(ConfigError, match=r"sealink.toml:7: model: each \* in"):
        read(tmp_path, model(name, target))


@pytest.mark.parametrize(
    ("pattern", "name", "stars"),
    [
        ("a*b", "ab", ("",)),
        ("a*a", "a", None),
        ("a*b*c", "axbybzc", ("x", "ybz")),
        ("*", "", ("",)),
        ("*ab*ab", "ab", None),
        ("*ab*ab", "abab", ("", "")),
        ("a", "a", ()),
        ("a", "b", None),
        ("a*", "b", None),
    ],
)
def test_what_stars_fit(pattern: str, name: str, stars: tuple[str, ...] | None) -> None:
    assert stars_of(pattern, name) == stars


@pytest.mark.parametrize(
    ("wanted", "name", "may"),
    [
        ("claude-*", "claude-sonnet-4-6", True),
        ("claude-*", "gpt-5", False),
        ("gpt-5", "gpt-*", True),
        ("gpt-5", "claude-*", False),
        ("gpt-*", "*", True),
        ("claud-*", "claude-*", False),
        ("claude-sonnet-*", "claude-*", True),
        ("*-mini", "gpt-*", True),
        ("*-mini", "*-nano", False),
        ("*-mini", "*-mini-*", True),
        ("gpt-?", "gpt-*", True),
        ("gpt-[45]o", "gpt-4o", True),
        ("gpt-[45]o", "claude-*", False),
        ("o?", "openai/*", True),  # to be on the safe side
    ],
)
def test_whether_a_keys_pattern_can_fit_a_model(wanted: str, name: str, may: bool) -> None:
    assert may_fit_one_name(wanted, name) is may


def test_a_pattern_that_fits_nothing_is_a_warning_with_its_line(tmp_path: Path) -> None:
    text = (
        ANTHROPIC
        + """
[[keys]]
name = "dev"
key = "k"
models = [
  "claude-*",
  "claud-opus-4-6",
  "gpt-*",
]
[[prices]]
provider = "antropic"
request_usd = 1
"""
    )
    path = tmp_path / "sealink.toml"
    path.write_text(text)
    _, warnings = load_with_warnings(path, {})
    assert [warning.removeprefix(f"{path}:") for warning in warnings] == [
        "10: the key 'dev' may use 'claud-opus-4-6', but no model has such a name, did you mean 'claude-opus-4-6'?",
        "11: the key 'dev' may use 'gpt-*', but no model has such a name",
        "14: there are prices for the provider 'antropic', but none has such a name, did you mean 'anthropic'?",
    ]


def test_a_file_that_serves_nothing_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "sealink.toml"
    path.write_text("[server]\nport = 1\n")
    assert "no model is served" in load_with_warnings(path, {})[1][0]
