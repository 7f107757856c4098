"""sealink.toml: what it means, and how a mistake is told."""

import re
from pathlib import Path

import pytest

from sealink.access.keyring import Keyring
from sealink.app import router_of
from sealink.app.proxies import proxies_of
from sealink.catalog.models import DOCUMENTED_MODEL, SIM_MODEL
from sealink.catalog.rates import Rates
from sealink.config import (
    GENERATED_KEY,
    Config,
    ConfigError,
    configured_by,
    from_environment,
    load,
    rule_of,
    timeouts_of,
)
from sealink.config.environment import proxy_variables
from sealink.providers.provider import Provider

GOOD = """\
[server]
port = 4100

[[providers]]
name = "anthropic"
api_key = "${ANTHROPIC_API_KEY}"

[[providers]]
name = "my-vllm"
dialect = "openai"
base_url = "http://127.0.0.1:8000/v1"
api_key = "none"
idle_s = 7

[[models]]
id = "claude-sonnet-4-6"
connect_s = 1
targets = [
  { provider = "anthropic", model = "claude-sonnet-4-6" },
  { provider = "my-vllm", model = "qwen3" },
]

[[keys]]
name = "dev"
key = "sk-1"
models = ["claude-*"]

[timeouts]
total_s = 100
"""


def read(tmp_path: Path, text: str, **environ: str) -> Config:
    path = tmp_path / "sealink.toml"
    path.write_text(text)
    return load(path, environ)


def test_a_good_file(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD, ANTHROPIC_API_KEY="secret")
    anthropic, vllm = config.providers
    assert config.server.port == 4100
    assert (anthropic.dialect_name, anthropic.base_url, anthropic.api_key) == (
        "anthropic",
        "https://api.anthropic.com",
        "secret",
    )
    assert (vllm.dialect_name, vllm.base_url) == ("openai", "http://127.0.0.1:8000/v1")
    assert config.keys[0].models == ("claude-*",)


def test_the_nearest_timer_wins(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD, ANTHROPIC_API_KEY="secret")
    times = timeouts_of(config, config.providers[1], config.models[0])
    assert (times.connect_s, times.first_content_s, times.idle_s, times.total_s) == (1, 600, 7, 100)


def test_timers_may_stand_in_a_table_of_their_own(tmp_path: Path) -> None:
    text = GOOD.replace("idle_s = 7", "[providers.timeouts]\nidle_s = 8")
    config = read(tmp_path, text, ANTHROPIC_API_KEY="secret")
    assert timeouts_of(config, config.providers[1], config.models[0]).idle_s == 8


@pytest.mark.parametrize(
    ("replace", "by", "line", "words"),
    [
        ("port = 4100", 'port = "x"', 2, "port: expected `int`, got `str`"),
        ("port = 4100", "prot = 4100", 2, "unknown key `prot`"),
        ("port = 4100", "port = ", 2, "Invalid value"),
        ('name = "anthropic"', "", 4, "`name` is missing"),
        ("${ANTHROPIC_API_KEY}", "${NOT_THERE}", 6, "NOT_THERE is not set"),
        ("idle_s = 7", "warm_connections = -1", 13, "`int` >= 0"),
        ('dialect = "openai"', "", 8, "set its `dialect`"),
        ('dialect = "openai"', 'dialect = "cobol"', 10, "dialect: 'cobol' is not one of openai, anthropic, "),
        ('base_url = "http://127.0.0.1:8000/v1"', "", 8, "set its `base_url`"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000", 11, "not an http(s) URL"),
        ('provider = "my-vllm", model', 'provider = "my-vlm", model', 20, "no provider 'my-vlm'"),
        ('name = "my-vllm"', 'name = "anthropic"', 8, "there are two named 'anthropic'"),
        ("total_s = 100", 'total_s = "1"', 29, "got `str`"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, replace: str, by: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        read(tmp_path, GOOD.replace(replace, by, 1), ANTHROPIC_API_KEY="secret")
    assert f"sealink.toml:{line}: " in str(told.value)
    assert words in str(told.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {})


def test_what_nodes_share(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD + '[shared]\nredis_url = "redis://127.0.0.1"\n', ANTHROPIC_API_KEY="s")
    assert (config.shared.redis_url, config.shared.local_share) == ("redis://127.0.0.1", 0.5)
    for wrong in ("http://127.0.0.1", "redis://127.0.0.1:port"):
        with pytest.raises(ConfigError, match=r"sealink.toml:\d+: redis_url: it"):
            read(tmp_path, GOOD + f'[shared]\nredis_url = "{wrong}"\n', ANTHROPIC_API_KEY="s")


def test_there_is_always_a_key(tmp_path: Path) -> None:
    text = GOOD.partition("[[keys]]")[0]
    made_up = read(tmp_path, text, ANTHROPIC_API_KEY="s").keys[0]
    assert made_up.name == GENERATED_KEY
    assert made_up.key.startswith("sk-sealink-")
    assert len(made_up.key) > 30
    given = read(tmp_path, text, ANTHROPIC_API_KEY="s", SEALINK_API_KEY="mine").keys[0]
    assert given.key == "mine"


def targets(config: Config, model: str) -> list[tuple[str, str]]:
    providers = {p.name: Provider(name=p.name, dialect=None, base_url=p.base_url) for p in config.providers}  # type: ignore[arg-type]
    return [(target.provider.name, target.model) for target in router_of(config, providers).route_of(model).targets]


def test_an_empty_environment_offers_the_simulated_model() -> None:
    config = from_environment({})
    assert targets(config, SIM_MODEL) == [("sim", SIM_MODEL)]
    assert targets(config, DOCUMENTED_MODEL) == [("sim", DOCUMENTED_MODEL)]


def test_an_environment_with_a_vendors_key_reaches_its_models() -> None:
    config = from_environment({"ANTHROPIC_API_KEY": "s", "DEEPSEEK_API_KEY": "t"})
    assert targets(config, "claude-sonnet-4-6") == [("anthropic", "claude-sonnet-4-6")]
    assert targets(config, "claude-not-out-yet") == [("anthropic", "claude-not-out-yet")]
    assert targets(config, "deepseek/deepseek-chat") == [("deepseek", "deepseek-chat")]
    assert targets(config, SIM_MODEL) == [("sim", SIM_MODEL)]


def test_the_simulated_model_never_stands_in_when_there_is_a_provider() -> None:
    config = from_environment({"OPENAI_API_KEY": "s"})
    with pytest.raises(Exception, match="not configured here"):
        targets(config, DOCUMENTED_MODEL)


def test_a_proxy_that_is_none() -> None:
    with pytest.raises(ConfigError, match="HTTP_PROXY"):
        proxies_of(proxy_variables({"http_proxy": "ftp://nowhere"}))


@pytest.mark.parametrize(
    ("section", "line", "words"),
    [
        ("[heartbeat]\nshape = 'loud'\n", 32, "shape: 'loud' is not one of comment, chunk, off"),
        ("[heartbeat.paths]\n'v1/messages' = 'off'\n", 32, "matching regex '^/'"),
        ("[heartbeat.paths]\n'/v1/messages' = 'loud'\n", 32, "/v1/messages: 'loud' is not one of comment, chunk, off"),
        ("[hedge]\nafter_s = -1\n", 32, ">= 0.0"),
        ("[hedge]\nmax_share = 1.5\n", 32, "<= 1.0"),
        ("[retry]\ntimes = 3\n", 32, "unknown key `times`"),
        ("[breaker]\nopen_s = 'x'\n", 32, "open_s: expected `float`"),
        ("[drain]\nmax_s = 1\n\n[detach]\nmax_byte = 1\n", 35, "unknown key `max_byte`"),
        ("[store]\nurl = 'mongodb://x'\n", 32, "url"),
    ],
)
def test_a_mistake_in_a_section_of_settings(tmp_path: Path, section: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        read(tmp_path, f"{GOOD}\n{section}", ANTHROPIC_API_KEY="secret")
    assert f"sealink.toml:{line}: " in str(told.value)
    assert words in str(told.value)


def test_settings_of_streams(tmp_path: Path) -> None:
    text = GOOD.replace('key = "sk-1"', 'key = "sk-1"\non_disconnect = "drain"\nheartbeat = "chunk"')
    config = read(tmp_path, text + "\n[heartbeat]\ngrace_s = 3\n\n[retry]\nattempts = 1\n", ANTHROPIC_API_KEY="s")
    assert (config.keys[0].on_disconnect, config.keys[0].heartbeat) == ("drain", "chunk")
    assert (config.heartbeat.grace_s, config.heartbeat.shape) == (3, "comment")
    assert config.retry.attempts == 1


def hedged_after_s(config: Config, model: str) -> float:
    providers = {p.name: Provider(name=p.name, dialect=None, base_url="") for p in config.providers}  # type: ignore[arg-type]
    return router_of(config, providers).route_of(model).hedge_after_s


@pytest.mark.parametrize(
    ("everywhere", "here", "after_s"),
    [("", "", 0), ("2", "", 2), ("", "1.5", 1.5), ("2", "1.5", 1.5), ("2", "0", 0)],
)
def test_a_models_hedging_counts_before_that_of_all(tmp_path: Path, everywhere: str, here: str, after_s: float) -> None:
    text = GOOD.replace("connect_s = 1", f"hedge_after_s = {here}" if here else "")
    text += f"\n[hedge]\nafter_s = {everywhere}\n" if everywhere else ""
    assert hedged_after_s(read(tmp_path, text, ANTHROPIC_API_KEY="s"), "claude-sonnet-4-6") == after_s


def test_a_hedge_needs_a_second_target(tmp_path: Path) -> None:
    text = GOOD.replace("connect_s = 1", "hedge_after_s = 2").replace(
        '  { provider = "my-vllm", model = "qwen3" },\n', ""
    )
    with pytest.raises(ConfigError, match=r"sealink.toml:17: the model 'claude-sonnet-4-6' has no second target"):
        read(tmp_path, text, ANTHROPIC_API_KEY="s")


def test_proxies() -> None:
    proxies = proxies_of(
        proxy_variables({"HTTPS_PROXY": "http://upper", "https_proxy": "http://lower", "no_proxy": "a, .b ,"})
    )
    assert (proxies.http, proxies.https, proxies.no_proxy) == (None, "http://lower", ("a", ".b", "127.0.0.1"))


def test_the_store_is_beside_the_config_whatever_the_working_directory(tmp_path: Path) -> None:
    store = read(tmp_path, GOOD, ANTHROPIC_API_KEY="k").store
    assert store.url == f"sqlite:///{tmp_path}/sealink.db"
    assert store.journal == f"{tmp_path}/sealink.db.journal"
    store = read(tmp_path, GOOD + '[store]\nurl = "postgresql://h/books"\n', ANTHROPIC_API_KEY="k").store
    assert (store.url, store.journal) == ("postgresql://h/books", f"{tmp_path}/books.journal")
    store = read(tmp_path, GOOD + '[store]\njournal = "/var/spool/sealink"\n', ANTHROPIC_API_KEY="k").store
    assert store.journal == "/var/spool/sealink"


def test_a_store_that_cannot_be_used_is_told_with_its_line(tmp_path: Path) -> None:
    text = GOOD + '[store]\nurl = "mysql://h/books"\n'
    with pytest.raises(ConfigError, match=rf":{len(text.splitlines())}: url: .*mysql:// is not supported"):
        read(tmp_path, text, ANTHROPIC_API_KEY="k")


def test_without_a_config_the_store_is_in_the_working_directory() -> None:
    store = from_environment({}).store
    assert (store.url, store.journal) == ("sqlite:///sealink.db", "sealink.db.journal")


def test_a_key_can_be_strict(tmp_path: Path) -> None:
    text = GOOD.replace('key = "sk-1"', 'key = "sk-1"\nstrict = true')
    headers = {"x-api-key": "sk-1"}
    assert Keyring(configured_by(read(tmp_path, text, ANTHROPIC_API_KEY="a"))).authenticate(headers).strict
    assert not Keyring(configured_by(read(tmp_path, GOOD, ANTHROPIC_API_KEY="a"))).authenticate(headers).strict


def test_all_limits_of_connections_can_be_set(tmp_path: Path) -> None:
    text = GOOD.replace("port = 4100", "port = 4100\nbacklog = 7\nlinger_s = 0.5\nslow_client_s = 3")
    text += "[upstream]\nmax_idle_per_origin = 5\nkeepalive_idle_s = 30\n"
    config = read(tmp_path, text, ANTHROPIC_API_KEY="k")
    assert (config.server.backlog, config.server.linger_s, config.server.slow_client_s) == (7, 0.5, 3)
    assert (config.upstream.max_idle_per_origin, config.upstream.keepalive_idle_s) == (5, 30)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[upstream]\nmax_idle = 5\n", "unknown key `max_idle`"),
        ("[upstream]\nmax_idle_s = 0\n", "`float` > 0.0"),
        ("[upstream]\nmax_header_bytes = 0\n", "`int` >= 1"),
    ],
)
def test_a_limit_of_connections_that_cannot_be(tmp_path: Path, table: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as told:
        read(tmp_path, GOOD + table, ANTHROPIC_API_KEY="k")
    assert "sealink.toml:31: " in str(told.value)


PRICES = """
[[prices]]
provider = "my-*"
model = "qwen3*"
input_usd_per_mtok = 0.2
output_usd_per_mtok = 0.6
cached_read_usd_per_mtok = 0.02
cached_write_5m_usd_per_mtok = 0.25
cached_write_1h_usd_per_mtok = 0.4
reasoning_usd_per_mtok = 0.7
request_usd = 0.001
image_usd = 0.0005
markup_percent = 12.5

[[prices]]
request_usd = 0.1

[[prices]]
markup_percent = -20
"""


def test_prices_are_whole_nano_dollars(tmp_path: Path) -> None:
    first, second, third = map(rule_of, read(tmp_path, GOOD + PRICES, ANTHROPIC_API_KEY="k").prices)
    assert (first.provider, first.model, first.markup_millipercent) == ("my-*", "qwen3*", 12_500)
    assert first.rates == Rates(
        input=200_000_000,
        output=600_000_000,
        cached_read=20_000_000,
        cached_write_5m=250_000_000,
        cached_write_1h=400_000_000,
        reasoning=700_000_000,
        request=1_000_000,
        image=500_000,
    )
    assert (second.provider, second.model) == ("*", "*")
    assert second.rates == Rates(input=0, output=0, request=100_000_000)
    assert (third.rates, third.markup_millipercent) == (None, -20_000)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('model = "m"', "neither a price nor a markup"),
        ("input_usd_per_mtok = -1", "expected `float` >= 0"),
        ("markup_percent = -101", "expected `float` >= -100"),
        ("input_usd = 1", "unknown key `input_usd`"),
    ],
)
def test_a_price_that_cannot_be(tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        read(tmp_path, f"{GOOD}\n[[prices]]\n{table}\n", ANTHROPIC_API_KEY="k")


@pytest.mark.parametrize(
    ("provider", "vendor"),
    [
        ('name = "mine"\nvendor = "xai"', "xai"),
        ('name = "groq"', "groq"),
        ('name = "gemini-at-home"\ndialect = "openai"\nbase_url = "http://x/v1"', "openai"),
        ('name = "a"\ndialect = "bedrock"\nbase_url = "http://x"', "bedrock"),
        ('name = "a"\ndialect = "ollama"\nbase_url = "http://x"', None),
        ('name = "a"\ndialect = "sim"', None),
    ],
)
def test_prices_are_those_of_the_vendor_else_of_the_dialects_own(
    tmp_path: Path, provider: str, vendor: str | None
) -> None:
    (config,) = read(tmp_path, f'[[providers]]\napi_key = "k"\n{provider}\n').providers
    assert (config.pricing_vendor and config.pricing_vendor.name) == vendor


def test_keys_and_teams_know_where_they_stand(tmp_path: Path) -> None:
    text = GOOD.replace('key = "sk-1"', 'key = "sk-1"\nteam = "research"\nexpires = 2999-01-01\nbudget_period = "week"')
    text += '[[teams]]\nname = "research"\nrequests_per_day = 5\n'
    config = read(tmp_path, text, ANTHROPIC_API_KEY="k")
    configured = configured_by(config)
    (key,), (team,) = configured.key_list, configured.team_list
    assert key.set_in == f"{tmp_path}/sealink.toml:{text[: text.index('[[keys]]')].count(chr(10)) + 1}"
    assert team.set_in == f"{tmp_path}/sealink.toml:{text[: text.index('[[teams]]')].count(chr(10)) + 1}"
    assert (key.key.team, str(key.key.expires), key.key.budget_period) == ("research", "2999-01-01", "week")
    assert (team.team.name, team.team.requests_per_day) == ("research", 5)


def test_where_a_key_stands_is_no_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="places"):
        read(tmp_path, GOOD + "[places]\nx = 'y'\n", ANTHROPIC_API_KEY="k")


def test_the_data_folder_starts_from_the_configs(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, ANTHROPIC_API_KEY="k").server.data_dir == str(tmp_path)
    elsewhere = GOOD.replace("port = 4100", 'port = 4100\ndata_dir = "data"')
    assert read(tmp_path, elsewhere, ANTHROPIC_API_KEY="k").server.data_dir == f"{tmp_path}/data"
