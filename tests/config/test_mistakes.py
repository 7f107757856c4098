"""All mistakes of a file are told at once, in the order of their lines, each with what was probably meant."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.config import ConfigError, load, parse


def mistakes(folder: Path, text: str, **variables: str) -> list[str]:
    """The mistakes of a text, each as `line: what`."""
    path = folder / "sealink.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as told:
        load(path, variables)
    lines = str(told.value).split("\n")
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


EVERYTHING = """\
[sever]
port = 1

[server]
prot = 4100
drain_s = "x"
max-chat-bytes = 0
base_url = "http://h"

[[providers]]
nmae = "mine"
dialect = "opnai"
base_url = "http://h/v1"

[[providers]]
name = "antropic"

[[providers]]
name = "anthropic"
vendor = "antropic"

[[models]]
id = "m"
targets = [
  { provider = "mine", modle = "x" },
  { provider = "antropik", model = "x-*" },
]

[[keys]]
key = "${NOT_SET}"
models = ["m", 3]

[heartbeat.paths]
"/v1/a" = "chnk"

[store]
url = "${NOT_SET}"

[[keys]]
name = "a b"
key = "has space"

[[prices]]
input_usd_per_mtok = -1
"""


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    assert mistakes(tmp_path, EVERYTHING) == [
        "1: unknown table [sever], did you mean [server]?",
        "5: unknown key `prot`, did you mean `port`?",
        "6: drain_s: expected `float`, got `str`",
        "7: unknown key `max-chat-bytes`, did you mean `max_chat_bytes`?",
        "8: unknown key `base_url`; it is a key of [[providers]]",
        "11: unknown key `nmae`, did you mean `name`?",
        "12: dialect: 'opnai' is not one of openai, anthropic, bedrock, cohere, gemini, ollama, responses, sim, "
        "did you mean 'openai'?",
        "15: 'antropic' is not a known vendor, did you mean 'anthropic'? If not: set its `dialect`",
        "20: 'antropic' is not a known vendor, did you mean 'anthropic'?",
        "25: unknown key `modle`, did you mean `model`?",
        "26: there is no provider 'antropik' in [[providers]], did you mean 'antropic'?",
        "26: model: each * in 'x-*' stands for what one fits in the model's id, but 'm' has none; '*' alone is the "
        "name that the client asks for",
        "29: `name` is missing",
        "30: the environment variable NOT_SET is not set",
        "31: models: expected `str`, got `int`",
        "34: /v1/a: 'chnk' is not one of comment, chunk, off, did you mean 'chunk'?",
        "37: the environment variable NOT_SET is not set",
        "41: key: it must have visible ASCII characters only, no spaces",
        "44: input_usd_per_mtok: expected `float` >= 0.0",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[models]\nid = 1\n", ["1: models: expected an array of tables, got a table"]),
        ("[[server]]\nport = 1\n", ["1: server: expected a table, got an array"]),
        ("server = 3\n", ["1: server: expected a table, got `int`"]),
        ("models = ['m']\n", ["1: models: expected a table, got `str`"]),
        ("[server]\nport = 1\nport = 2\n", ["3: this is not TOML: Cannot overwrite a value"]),
        ("[timeouts]\nidle_s = {}\n", ["2: idle_s: expected `float`, got a table"]),
        ("[[providers]]\nname = 'p'\ndialect = {}\n", ["3: dialect: expected `str`, got a table"]),
        ("[heartbeat]\npaths = []\n", ["2: paths: expected a table, got an array"]),
        ("[server]\ncors_origins = 'x'\n", ["2: cors_origins: expected an array, got `str`"]),
        ("[server\n", ["1: this is not TOML: Expected ']' at the end of a table declaration"]),
        ("[timeouts]\nidle_s = nan\n", ["2: nan is not a finite number"]),
        ("[[model]]\nid = 'm'\n", ["1: `targets` is missing", "1: unknown table [[model]], did you mean [[models]]?"]),
        (
            "[servr]\nhost = 3\nprot = 1\n",
            [
                "1: unknown table [servr], did you mean [server]?",
                "2: host: expected `str`, got `int`",
                "3: unknown key `prot`, did you mean `port`?",
            ],
        ),
        ("[[keys]]\nnmae = 3\nkey = 'k'\n", ["2: unknown key `nmae`, did you mean `name`?"]),
        ("[[providers]]\nname = 'p'\nnmae = 'q'\ndialect = 'sim'\n", ["3: unknown key `nmae`, did you mean `name`?"]),
        ("[xyz]\n", ["1: unknown table [xyz]"]),
        ("port = 1\n", ["1: unknown key `port`; it is a key of [server] and [admin]"]),
        ("[[keys]]\n", ["1: `key` is missing", "1: `name` is missing"]),
    ],
)
def test_a_mistake_is_told_once(tmp_path: Path, text: str, told: list[str]) -> None:
    assert sorted(mistakes(tmp_path, text)) == told


VALUES = [
    "3",
    "-1",
    "2.5",
    "nan",
    "true",
    '"x"',
    "'''\n[x]\n'''",
    "[]",
    "[1, 'a']",
    "{}",
    "{ a = 1 }",
    "[{}, 2]",
    "1979-05-27",
]


@given(data=st.data())
def test_whatever_stands_in_a_file_is_read_or_refused_with_lines(data: st.DataObject) -> None:
    lines = EVERYTHING.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key, equals, _ = lines[at].partition(" = ")
        changed = data.draw(
            st.sampled_from([[], [lines[at]] * 2, [f"{key}{equals}{data.draw(st.sampled_from(VALUES))}"]])
        )
        lines[at : at + 1] = changed
    try:
        parse("\n".join(lines), {}, Path("/etc"))
    except ConfigError as error:
        found = [re.match(r"/etc/sealink\.toml:(\d+): .", line) for line in str(error).split("\n")]
        numbers = [int(each[1]) for each in found if each]
        assert len(numbers) == len(found)
        assert numbers == sorted(numbers)
