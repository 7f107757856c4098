"""The lines of keys, tables and items in TOML of every shape."""

import tomllib
from collections.abc import Iterator

import pytest

from sealink.config.toml_location import Lines, Path

TEXT = """\
top = 1  # [not] = { a, table }
"quoted key" = "#"
dotted.inner . deep = true

[server]
text = '''
[[models]]
id = "in a string"'''
basic = \"\"\"
\\"\"\" [x] # ""\"\"\"
time = 1979-05-27 07:32:00
[ heartbeat . "paths" ]
'/v1/messages' = "off"

[[models]]
id = "a"
targets = [ # { provider = "no" }
  { provider = "p", model = "{" }, { provider = "q" },

  { provider = "]" },
]
[[models]]
id = 'b\\'
  [[models.targets]]
  provider = "p"
  [[models.targets]]
  provider = "q"
[models.timeouts]
idle_s = 3
[[keys]]
models = [[1, 2],
  [3]]
"""

LINES = {
    ("top",): 1,
    ("quoted key",): 2,
    ("dotted",): 3,
    ("dotted", "inner", "deep"): 3,
    ("server",): 5,
    ("server", "text"): 6,
    ("server", "basic"): 9,
    ("server", "time"): 11,
    ("heartbeat",): 12,
    ("heartbeat", "paths", "/v1/messages"): 13,
    ("models",): 15,
    ("models", 0): 15,
    ("models", 0, "id"): 16,
    ("models", 0, "targets"): 17,
    ("models", 0, "targets", 0, "model"): 18,
    ("models", 0, "targets", 1): 18,
    ("models", 0, "targets", 2, "provider"): 20,
    ("models", 1): 22,
    ("models", 1, "targets"): 24,
    ("models", 1, "targets", 0, "provider"): 25,
    ("models", 1, "targets", 1): 26,
    ("models", 1, "timeouts", "idle_s"): 29,
    ("keys", 0, "models", 0, 1): 31,
    ("keys", 0, "models", 1, 0): 32,
    ("server", "absent"): 5,
    ("models", 0, "targets", 2, "absent"): 20,
    ("absent", "key"): 1,
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("path", LINES, ids=str)
def test_the_line_of_a_path_is_where_it_is_first_written(path: Path, newline: str) -> None:
    assert Lines(TEXT.replace("\n", newline)).of(path) == LINES[path]


def test_every_value_that_tomllib_reads_has_a_line_of_its_own() -> None:
    lines = Lines(TEXT)
    for path in paths_of(tomllib.loads(TEXT), ()):
        assert path in lines._lines


def paths_of(value: object, path: Path) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths_of(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_of(item, (*path, index))
