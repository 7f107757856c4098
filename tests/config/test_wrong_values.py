"""Values of the right type that nothing could work with, and where they are said to stand."""

from pathlib import Path

import pytest

from sealink.config import ConfigError, load

PROVIDER = '[[providers]]\nname = "p"\ndialect = "openai"\nbase_url = "http://h/v1"\n'
TARGET = '{ provider = "p", model = "x"'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[server]\nport = 70000\n", 2, "port: expected `"),
        ("[server]\nport = -1\n", 2, "port: expected `"),
        ("[server]\ndrain_s = -1\n", 2, "drain_s: expected `"),
        ("[server]\nmax_chat_bytes = 0\n", 2, "max_chat_bytes: expected `"),
        ("[server]\nmax_messages = 0\n", 2, "max_messages: expected `"),
        ("[server]\nmax_tools = 0\n", 2, "max_tools: expected `"),
        ("[timeouts]\nidle_s = 0\n", 2, "idle_s: expected `"),
        ("[timeouts]\nidle_s = nan\n", 2, "nan"),
        ("[timeouts]\ntotal_s = inf\n", 2, "inf"),
        (f'{PROVIDER}[[models]]\nid = "m"\nfirst_content_s = -3\ntargets = [{TARGET} }}]\n', 7, "first_content_s"),
        (f'{PROVIDER}[[models]]\nid = "m"\ntargets = [{TARGET}, weight = -1 }}]\n', 7, "weight"),
        (f'{PROVIDER}[[models]]\nid = "m"\nchoose = "weighted"\ntargets = [{TARGET}, weight = 0 }}]\n', 8, "a weight"),
        (f'{PROVIDER}[[models]]\nid = ""\ntargets = [{TARGET} }}]\n', 5, "is not a name"),
        ('[[providers]]\nname = "a\\nb"\ndialect = "sim"\n', 1, "is not a name"),
        ('[[providers]]\nname = "p"\ndialect = "openai"\nbase_url = "http://h:99999/v1"\n', 4, "not an http(s) URL"),
        ('[[keys]]\nname = "k"\nkey = ""\n', 3, "key: "),
        ('[[keys]]\nname = "k"\nkey = "sk 1"\n', 3, "key: "),
        ('[[keys]]\nname = "k"\nkey = "s"\n[[keys]]\nname = "l"\nkey = "s"\n', 6, "key: it is the same as that of 'k'"),
        ('[[keys]]\nname = "console"\nkey = "s"\n', 2, "name: 'console' is the name of the console's own key"),
        ('[[keys]]\nname = "k"\nkey = "s"\nteam = "t"\n', 4, "no team 't' in [[teams]]"),
        ('[[keys]]\nname = "k"\nkey = "s"\nallowed_networks = ["10.0.0.0/33"]\n', 4, "'10.0.0.0/33' is not a network"),
        ('[[keys]]\nname = "k"\nkey = "s"\nendpoints = ["v1"]\n', 4, "paths begin with /"),
        ('[[keys]]\nname = "k"\nkey = "s"\nmodels = [""]\n', 4, "an empty pattern"),
        ('[[keys]]\nname = "k"\nkey = "s"\nexpires = "soon"\n', 4, "expires"),
        ('[[keys]]\nname = "k"\nkey = "s"\nbudget_period = "year"\n', 4, "budget_period"),
        ('[[teams]]\nname = "t"\n[[teams]]\nname = "t"\n', 3, "there are two named 't'"),
        ('[[teams]]\nname = "t"\nbudget_usd = -1\n', 3, "budget_usd"),
        ('[[teams]]\nname = "t"\nmodels = []\n', 3, "models"),
        ("[access]\npoll_s = 0\n", 2, "poll_s"),
        ("[admin]\nmax_body_bytes = 0\n", 2, "max_body_bytes"),
        ("[breaker]\nfailure_share = 2.0\n", 2, "failure_share"),
        ("[breaker]\nmin_attempts = 0\n", 2, "min_attempts"),
        ("[retry]\nattempts = 0\n", 2, "attempts"),
        ("[heartbeat]\ninterval_s = 0\n", 2, "interval_s"),
        ("[heartbeat]\ngrace_s = -1\n", 2, "grace_s"),
        ("[drain]\nmax_streams = -1\n", 2, "max_streams"),
        ("[detach]\nmax_bytes = 0\n", 2, "max_bytes"),
        ("[server]\nhost = 'x'\n[server]\n", 3, "Cannot declare"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "sealink.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as told:
        load(path, {})
    assert str(told.value).startswith(f"{path}:{line}: ")
    assert words in str(told.value)


def test_targets_may_be_tables_of_their_own(tmp_path: Path) -> None:
    target = '[[models.targets]]\nprovider = "p"\nmodel = "x"\n'
    model = '[[models]]\nid = "{}"\n' + target * 2
    path = tmp_path / "sealink.toml"
    path.write_text(PROVIDER + model.format("a") + model.format("b"))
    assert [len(each.targets) for each in load(path, {}).models] == [2, 2]
    path.write_text(PROVIDER + model.format("a") + model.format("b").replace('model = "x"\n', "model = 1\n"))
    with pytest.raises(ConfigError) as told:
        load(path, {})
    assert str(told.value).splitlines() == [f"{path}:{line}: model: expected `str`, got `int`" for line in (17, 20)]


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "sealink.toml"
    path.write_bytes(b'[server]\nhost = "\xff"\n')
    with pytest.raises(ConfigError, match=r"sealink\.toml:2: this is not UTF-8"):
        load(path, {})


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "sealink.toml"
    path.write_bytes(b"\xef\xbb\xbf[server]\nport = 4001\n")
    assert load(path, {}).server.port == 4001
