"""What a newer config changes, and what of it waits for a restart."""

from pathlib import Path

import pytest

from sealink.config.changes import changes, in_force
from sealink.config.file import parse
from sealink.config.sections import Config

BEFORE = """
[server]
port = 4000
max_tools = 5
[[providers]]
name = "a"
dialect = "openai"
base_url = "http://a/v1"
api_key = "secret-a"
[[models]]
id = "fast"
targets = [{ provider = "a", model = "m" }]
[[keys]]
name = "dev"
key = "sk-before"
"""


def config(text: str) -> Config:
    return parse(text, {}, Path("/etc/sealink"))


@pytest.mark.parametrize(
    ("old", "new", "applied", "at_restart"),
    [
        ("max_tools = 5", "max_tools = 6", ["[server] max_tools: changed"], []),
        ("port = 4000", "port = 4001", [], ["[server] port: changed"]),
        ("[[keys]]", "[upstream]\nmax_header_bytes = 9999\n[[keys]]", [], ["[upstream] max_header_bytes: changed"]),
        ("sk-before", "sk-after", ["[[keys]] dev: changed"], []),
        ('name = "dev"', 'name = "ops"', ["[[keys]] dev: removed", "[[keys]] ops: added"], []),
        ("secret-a", "secret-b", ["[[providers]] a: changed"], []),
        ('id = "fast"', 'id = "quick"', ["[[models]] fast: removed", "[[models]] quick: added"], []),
        ("[[keys]]", "[timeouts]\nidle_s = 9\n[[keys]]", ["[timeouts] idle_s: changed"], []),
        ("[[keys]]", "[log]\nlevel = 'debug'\n[[keys]]", ["[log] level: changed"], []),
        ("[[keys]]", "[[prices]]\nmodel = 'm'\ninput_usd_per_mtok = 1\n[[keys]]", ["[[prices]] 1: added"], []),
        ("", "", [], []),
    ],
    ids=range(11),
)
def test_what_differs(old: str, new: str, applied: list[str], at_restart: list[str]) -> None:
    found = changes(config(BEFORE), config(BEFORE.replace(old, new, 1) if old else BEFORE))
    assert sorted(found.applied) == sorted(applied)
    assert sorted(found.at_restart) == sorted(at_restart)
    assert "secret" not in str(found)
    assert "sk-" not in str(found)


def test_in_words() -> None:
    assert str(changes(config(BEFORE), config(BEFORE))) == "nothing has changed"
    after = BEFORE.replace("port = 4000", "port = 4001").replace("max_tools = 5", "max_tools = 6")
    assert str(changes(config(BEFORE), config(after))) == (
        "[server] max_tools: changed; [server] port: changed (after a restart)"
    )


def test_a_running_process_keeps_what_needs_a_restart() -> None:
    after = BEFORE.replace("port = 4000", "port = 4001\nkeep_alive_s = 5").replace("max_tools = 5", "max_tools = 6")
    running = in_force(config(BEFORE), config(after))
    assert (running.server.port, running.server.max_tools) == (4000, 6)
    assert not changes(config(BEFORE), running).at_restart
