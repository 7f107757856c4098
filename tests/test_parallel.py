"""Which tests are one unit when they run in parallel."""

from pathlib import Path

import pytest

from parallel import PURE, ByFile


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/net/test_server.py::test_one[asyncio]", "tests/net/test_server.py"),
        ("tests/test_replay.py::test_one[a/wire/b]", "tests/test_replay.py"),
        ("tests/wire/test_sse.py::test_one[a::b]", "tests/wire/test_sse.py::test_one"),
        ("tests/wire/dialects/test_chat.py::test_one", "tests/wire/dialects/test_chat.py::test_one"),
    ],
)
def test_a_file_is_a_unit_and_a_function_where_no_server_is_needed(test: str, unit: str) -> None:
    assert ByFile.__new__(ByFile)._split_scope(test) == unit


def test_the_folders_that_need_no_server_are_there() -> None:
    assert {path.name for path in Path(__file__).parent.iterdir()} >= PURE
