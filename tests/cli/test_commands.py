"""The commands, as processes: what they print and how they end."""

import re
from pathlib import Path
from urllib.request import urlopen

import pytest

from cli.commands import CONFIG, run, serving
from sealink.cli.check import describe
from sealink.config import Config, ModelConfig, ProviderConfig, TargetConfig
from sealink.policy.hedging import HedgeSettings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "sealink.toml"
    path.write_text(CONFIG)
    return path


def test_check_says_what_each_model_would_use(config: Path) -> None:
    checked = run("check", "--config", str(config), cwd=config.parent)
    assert checked.returncode == 0
    assert checked.stdout.splitlines() == [
        "small → sim:small (sim, built in)",
        "1 models, 1 providers, 1 keys: ok",
    ]


def test_check_says_when_a_model_is_hedged() -> None:
    config = Config(
        providers=(ProviderConfig(name="sim", dialect="sim"),),
        models=tuple(
            ModelConfig(id=name, targets=(TargetConfig(provider="sim", model="m"),) * count, hedge_after_s=after_s)
            for name, count, after_s in (("two", 2, None), ("never", 2, 0), ("own", 2, 1.5), ("one", 1, None))
        ),
        hedge=HedgeSettings(after_s=3),
    )
    said = [line.partition("; ")[2] for line in describe(config)]
    assert said == ["hedged after 3 s", "", "hedged after 1.5 s", "", ""]


def test_check_says_what_each_model_costs_and_which_have_no_price(config: Path) -> None:
    config.write_text(
        """
[[providers]]
name = "anthropic"
api_key = "k"
[[providers]]
name = "my-vllm"
dialect = "openai"
base_url = "http://x/v1"
[[providers]]
name = "router"
vendor = "openrouter"
api_key = "k"
[[models]]
id = "claude"
targets = [{ provider = "anthropic", model = "claude-sonnet-4-6" }, { provider = "my-vllm", model = "qwen3" }]
[[models]]
id = "llama"
targets = [{ provider = "my-vllm", model = "llama" }, { provider = "router", model = "meta/llama" }]
[[prices]]
model = "qwen*"
input_usd_per_mtok = 0.2
output_usd_per_mtok = 0.6
request_usd = 0.01
markup_percent = 10
"""
    )
    claude, llama, unpriced, _ = run("check", cwd=config.parent).stdout.splitlines()
    assert "(anthropic, https://api.anthropic.com, $3 in, $15 out)" in claude
    assert "(openai, http://x/v1, $0.2 in, $0.6 out, $0.01 a request +10 %)" in claude
    assert "(openai, http://x/v1, no price)" in llama
    assert "https://openrouter.ai/api/v1, priced by openrouter)" in llama
    assert unpriced.startswith("no price is known of my-vllm:llama:")


def test_check_says_what_a_pattern_leads_to(config: Path) -> None:
    config.write_text(
        """
[[providers]]
name = "anthropic"
api_key = "k"
[[providers]]
name = "box"
dialect = "ollama"
base_url = "http://x"
[[models]]
id = "claude-*"
targets = [{ provider = "anthropic", model = "*" }]
[[models]]
id = "my-*"
targets = [{ provider = "anthropic", model = "claude-*-latest" }, { provider = "box", model = "*" }]
[[models]]
id = "box/*"
targets = [{ provider = "box", model = "*" }]
[[models]]
id = "box/llama"
targets = [{ provider = "box", model = "llama" }]
"""
        '[[prices]]\nprovider = "box"\nmodel = "qwen*"\ninput_usd_per_mtok = 1\n'
    )
    said = run("check", cwd=config.parent).stdout.splitlines()
    assert said[0] == "claude-* → anthropic:claude-* (anthropic, https://api.anthropic.com, priced by the model's name)"
    assert "anthropic:claude-*-latest (" in said[1]
    assert "then box:my-* (ollama, http://x, no price)" in said[1]
    assert said[2] == "box/* → box:* (ollama, http://x, priced by the model's name)"
    assert said[4].startswith("no price is known of box:my-*, box:llama: ")


def test_check_tells_every_mistake_that_it_finds(config: Path) -> None:
    config.write_text(CONFIG.replace("ttft_s", "ttft") + "\n[server]\nport = 'x'\n")
    checked = run("check", cwd=config.parent, http_proxy="ftp://nowhere")
    assert checked.returncode == 1
    assert checked.stderr.splitlines() == [
        "sealink.toml:4: unknown key `ttft`, did you mean `ttft_s`?",
        "sealink.toml:16: port: expected `int`, got `str`",
        "HTTP_PROXY or HTTPS_PROXY: the http proxy: a ftp:// proxy is not supported, only http:// and https://",
    ]


def test_check_warns_of_what_is_probably_not_meant(config: Path) -> None:
    config.write_text(CONFIG + 'models = ["smal"]\n')
    checked = run("check", cwd=config.parent)
    assert checked.returncode == 0
    assert checked.stderr == (
        "warning: sealink.toml:14: the key 'dev' may use 'smal', but no model has such a name, did you mean 'small'?\n"
    )


def test_check_finds_the_file_in_the_folder(config: Path) -> None:
    assert "small → sim:small" in run("check", cwd=config.parent).stdout


def test_check_tells_a_mistake_with_its_line(config: Path) -> None:
    config.write_text(CONFIG.replace('dialect = "sim"', 'dialect = "smi"'))
    checked = run("check", "--config", str(config), cwd=config.parent)
    assert checked.returncode == 1
    assert checked.stderr.startswith(f"{config}:3: dialect: 'smi' is not one of openai, ")


def test_check_says_how_nodes_count(config: Path) -> None:
    config.write_text(CONFIG + '[shared]\nredis_url = "redis://127.0.0.1:9"\n')
    checked = run("check", cwd=config.parent)
    assert "nodes that share limits need a PostgreSQL [store]" in checked.stderr
    assert "Redis is away, each node counts 0.5 of each limit: " in checked.stderr
    config.write_text(CONFIG + '[store]\nurl = "postgresql://127.0.0.1/sealink"\n')
    assert "limits are counted by each node alone" in run("check", cwd=config.parent).stderr


def test_chat_streams_and_sums_up(config: Path) -> None:
    chatted = run("chat", "-m", "small", "Hello?", cwd=config.parent)
    assert chatted.returncode == 0, chatted.stderr
    *text, summary = chatted.stdout.strip().splitlines()
    assert "simulated" in " ".join(text)
    assert re.fullmatch(
        r"TTFT \d+ ms · [\d.]+ tokens/s · \d+ tokens in, [1-9]\d* out · (\$[\d.]+|price not known)", summary
    )


def test_chat_tells_an_error(config: Path) -> None:
    chatted = run("chat", "-m", "large", "Hello?", cwd=config.parent)
    assert chatted.returncode == 1
    assert "The model 'large' is not configured here" in chatted.stderr


def test_workers_share_the_port(config: Path) -> None:
    with serving("--workers", "2", cwd=config.parent) as greeting:
        address = greeting[0].split()[-1]
        for _ in range(8):
            with urlopen(f"{address}/models", timeout=20) as answer:
                assert answer.status == 200


def test_serve_says_why_it_cannot_listen(config: Path) -> None:
    refused = run("serve", "--host", "192.0.2.1", cwd=config.parent)
    assert refused.returncode == 1
    assert "cannot listen on 192.0.2.1:4000" in refused.stderr
