"""How the cases of ../shared/faults are read, and what their `expected.json` can say."""

import json
from pathlib import Path
from typing import Any

import pytest

from acceptance.fault_cases import NOTHING, at_pointer, filled, load, mismatches, piece_sizes
from replay import Request

BODY = {"a": [{"id": "x"}, {"id": "y"}], "b/c": {"~": 1}, "": 2}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", BODY),
        ("/a/1/id", "y"),
        ("/b~1c/~0", 1),
        ("/", 2),
        ("/a/2", NOTHING),
        ("/a/01", NOTHING),
        ("/a/-", NOTHING),
        ("/a/0/id/x", NOTHING),
        ("/z/y", NOTHING),
    ],
)
def test_a_pointer(pointer: str, value: object) -> None:
    assert at_pointer(BODY, pointer) == value


@pytest.mark.parametrize(
    ("want", "got"),
    [
        ("x", "x"),
        (None, None),
        (1, 1.0),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"$schema": 1}, {"$schema": 1}),
        ([["f", {"x": "1"}]], [["f", {"x": "1"}]]),
        ({"$re": "^4(00|22)$"}, 422),
        ({"$re": '"name": "[^"]*exec"'}, {"name": "functions_exec"}),
        ({"$re": "ö"}, ["schön"]),
        ({"$absent": True}, NOTHING),
        ({"a": {"$absent": True}}, {}),
        ({"$same": "/a/0/id"}, "x"),
        ({"$differs": "/a/0/id"}, "y"),
        ({"$distinct": True}, ["x", "y"]),
        ({"$any": ["y", {"$re": "^x"}]}, "x"),
        ({"$any": ["y", {"$absent": True}]}, NOTHING),
        ({"$not": {"$re": "y"}}, "x"),
        ({"$not": {"$re": "y"}}, NOTHING),
    ],
)
def test_what_holds(want: Any, got: Any) -> None:
    assert list(mismatches(want, got, BODY)) == []


@pytest.mark.parametrize(
    ("want", "got"),
    [
        ("x", "y"),
        (None, NOTHING),
        (1, True),
        ({"a": 1}, {"b": 2}),
        ({"a": 1}, [1]),
        (["x"], ["x", "y"]),
        ([{"a": 1}], [{"a": 2}]),
        ({"$re": "^4(00|22)$"}, 502),
        ({"$re": "."}, NOTHING),
        ({"$absent": True}, None),
        ({"$same": "/a/0/id"}, "y"),
        ({"$same": "/z"}, NOTHING),
        ({"$differs": "/a/0/id"}, "x"),
        ({"$differs": "/z"}, "x"),
        ({"$differs": "/a/0/id"}, NOTHING),
        ({"$distinct": True}, ["x", "x"]),
        ({"$distinct": True}, NOTHING),
        ({"$any": ["y", {"$re": "^z"}]}, "x"),
        ({"$any": ["y"]}, NOTHING),
        ({"$not": {"$re": "x"}}, "x"),
        ({"$not": {"$absent": True}}, NOTHING),
    ],
)
def test_what_does_not_hold(want: Any, got: Any) -> None:
    assert len(list(mismatches(want, got, BODY))) == 1


def test_a_mismatch_says_where_and_what() -> None:
    want = {"error": {"message": {"$re": "308"}}, "status": 502}
    got = {"error": {"message": "not a word"}}
    assert list(mismatches(want, got, got)) == [
        '/error/message: want {"$re": "308"}, got "not a word"',
        "/status: want 502, got nothing",
    ]


def test_a_body_is_filled_from_the_request() -> None:
    body = b'{"id": "{{/a/0/id}}", "all": {{/a}}, "left": "{{/z}}"}'
    assert filled(body, {"a": [{"id": 'x"ö'}]}).decode() == (
        '{"id": "x\\"ö", "all": [{"id": "x\\"ö"}], "left": "{{/z}}"}'
    )


@pytest.mark.parametrize(
    ("offsets", "sizes"), [((), [5]), ((2, 4), [2, 2, 1]), ((4, 2, 2), [2, 2, 1]), ((0, 5, 9), [5])]
)
def test_pieces(offsets: tuple[int, ...], sizes: list[int]) -> None:
    assert piece_sizes(5, offsets) == sizes
    assert piece_sizes(0, offsets) == []


def test_a_case_is_read_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "kind" / "one"
    then = {"status": 201, "headers": {}, "provider": {"dialect": "openai"}, "body": "then.body"}
    meta = {"status": 200, "headers": {"a": "b"}, "provider": {"dialect": "gemini"}, "path": "/v1/messages"}
    files = {
        "request.json": {"model": "kind.one"},
        "request.chat.json": {"model": "kind.one", "messages": []},
        "upstream.meta.json": {**meta, "split_at": [3], "cut": True, "fill": True, "then": then},
        "expected.json": {"chat": {"text": "Hi"}},
        "upstream.body": "{{/id}}",
        "then.body": "{{/id}}!",
    }
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    (case,) = load([tmp_path])
    assert (case.id, case.model, case.path) == ("kind/one", "kind.one", "/v1/messages")
    assert case.request("chat") == files["request.chat.json"]
    assert case.request("messages") == files["request.json"]
    assert case.body == b'{"model": "kind.one"}'
    (folder / "request.body").write_bytes(b"\x00")
    assert case.body == b"\x00"
    first, second = (target.answer(Request("POST", "/", {}, b'{"id": "call"}')) for target in case.targets)
    assert list(first.pieces()) == [b"cal", b"l"]
    assert (first.status, first.headers, first.cut_at, first.pace_s) == (200, [("a", "b")], 4, 0.1)
    assert (second.status, second.body, second.cut_at, second.pace_s) == (201, b"call!", None, 0)
