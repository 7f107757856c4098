"""Gaps are filled in C and in Python, with the same bytes."""

from string import hexdigits
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outside import absent
from sealink.telemetry import layout
from sealink.telemetry.layout import Filled, Gap, GapKind, Layout, varint

BEGAN_NS = 1_700_000_000 * 10**9
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
FLOATS = st.floats(0, 1e12)
VALUES: dict[GapKind, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "quoted": TEXTS,
    "sized": TEXTS,
    "hex": st.binary(max_size=20).map(bytes.hex) | st.binary(min_size=16, max_size=16).map(bytes.hex),
    "tenths": FLOATS | st.integers(0, 10**6).map(lambda number: number / 1000) | st.floats(),
    "millis": st.floats(0, 1, exclude_max=True),
    "integer": st.integers(),
    "usd": st.integers(0, 2**70),
    "time": FLOATS,
    "thousandth": st.floats(allow_nan=False),
    "billionth": st.integers(0, 2**60),
    "varint": st.integers(-(2**80), 2**80),
    "moments": st.lists(st.tuples(TEXTS, FLOATS), max_size=20),
}


def both(parts: list[bytes | Gap], monkeypatch: pytest.MonkeyPatch, tag: bytes = b"") -> tuple[Filled, Filled]:
    """What fills a layout in C, and in Python."""
    monkeypatch.setattr(layout, "fill", layout.fill_in_c or absent("the accelerator was not built"))
    in_c = Layout(parts, tag).filled
    monkeypatch.setattr(layout, "fill", None)
    return in_c, Layout(parts, tag).filled


@pytest.mark.parametrize("kind", get_args(GapKind))
@given(data=st.data())
def test_c_and_python_write_each_kind_alike(kind: GapKind, data: st.DataObject) -> None:
    values = (data.draw(VALUES[kind]), data.draw(st.none() | VALUES[kind]))
    tag = data.draw(st.sampled_from([b"", b"\x12"]))
    with pytest.MonkeyPatch.context() as monkeypatch:
        parts = [b"a", Gap(kind, b"before"), b"b", b"c", Gap(kind, b"", may_be_zero=False), b"d"]
        in_c, in_python = both(parts, monkeypatch, tag)
    assert in_c(values, BEGAN_NS) == in_python(values, BEGAN_NS)


@pytest.mark.parametrize("number", [0.05, 0.15, 0.25, 0.35, 0.45, 2.5, 3.45, 81.25, 81.35, 99999.95, 1e14 + 0.25, 0.0])
def test_a_decimal_is_rounded_by_the_numbers_exact_value(number: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for filled in both([Gap("tenths")], monkeypatch):
        assert filled((number,), 0).decode() == f"{number:.1f}"


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("text", "é", "é".encode()),
        ("quoted", "a", b'a"'),
        ("sized", "a" * 200, b"\xc8\x01" + b"a" * 200),
        ("hex", "00ff10", b"\x00\xff\x10"),
        ("millis", 0.0129, b"012"),
        ("integer", -3, b"-3"),
        ("integer", 10**30, b"1" + b"0" * 30),
        ("usd", 12_000_000_001, b"12.000000001"),
        ("time", 1.5, (BEGAN_NS + 1_500_000).to_bytes(8, "little")),
        ("varint", 300, b"\xac\x82" + b"\x80" * 7 + b"\x00"),
    ],
)
def test_how_a_value_is_written(kind: GapKind, value: object, written: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for filled in both([Gap(kind)], monkeypatch):
        assert filled((value,), BEGAN_NS) == written


@pytest.mark.parametrize(
    ("value", "may_be_zero", "written"),
    [(None, True, b"<>"), (0, True, b"<n=0>"), (0, False, b"<>"), (1, False, b"<n=1>")],
)
def test_what_is_not_there_leaves_nothing(
    value: int | None, may_be_zero: bool, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for filled in both([b"<", Gap("integer", b"n=", may_be_zero), b">"], monkeypatch):
        assert filled((value,), 0) == written


@pytest.mark.parametrize("size", [1, 100, 4000, 5000, 70_000])
def test_records_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for filled in both([b"x" * size, Gap("text"), b"y" * size], monkeypatch, b"\x12"):
        content = b"x" * size + b"z" * size + b"y" * size
        assert filled(("z" * size,), 0) == b"\x12" + varint(len(content)) + content


NO_DIGITS = [chr(code) for code in range(128) if chr(code) not in hexdigits and not chr(code).isspace()]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("hex", f"0123{character}bcd") for character in NO_DIGITS),
        ("hex", "xy"),
        ("hex", "a"),
        ("integer", "a"),
        ("time", "a"),
        ("moments", 7),
        ("text", 7),
    ],
    ids=ascii,
)
def test_what_cannot_be_written_is_an_error(kind: GapKind, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for filled in both([Gap(kind)], monkeypatch):
        with pytest.raises((TypeError, ValueError)):
            filled((value,), 0)


@pytest.mark.parametrize("values", [(), (1, 2)])
def test_there_is_a_value_for_each_gap(values: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for filled in both([Gap("integer")], monkeypatch):
        with pytest.raises(ValueError, match="zip"):
            filled(values, 0)


def test_what_is_no_compiled_layout_is_an_error() -> None:
    fill = layout.fill_in_c or absent("the accelerator was not built")
    in_python = Layout([]).filled
    with pytest.raises(ValueError, match="no compiled layout"):
        fill(b"", in_python, (), 0)
    with pytest.raises(TypeError, match="fill takes"):
        fill(b"\0", in_python, [], 0)  # type: ignore[arg-type]
