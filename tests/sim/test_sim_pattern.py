"""Strings for regular expressions, checked with `re`."""

import re
import time
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.sim.pattern import MAX_OPTIONAL_REPEATS, UnsupportedPattern, matching_characters

PATTERNS = [
    "", "abc", "^abc$", "a|b|", "^(foo|bar)+$", r"^\+?[1-9]\d{1,14}$", r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    "^#(?:[0-9a-fA-F]{3}){1,2}$", r"^[\w.-]+$", "^[a-z-]{3}$", "^[]a]$", "^[^]a]$", "^[-a]+?$", r"^\x41\u00e9\t$",
    r"^.{5}$", r"^[A-Z]{2}\d{2}[A-Z\d]{1,30}$", "^(?P<year>[0-9]{4})-W[0-5][0-9]$", r"^\d{1,3}(\.\d{1,3}){3}$",
    r"^[\s\S]{3}$", r"^[^\d]$", "^a{2}b{0,1}c{3,}$", "x*", "(a*)*", r"^\$\{[a-z]+\}$", r"^\D\W\S[^x]$", "^(?>a|b)c?+$",
    "^[[a]$", r"^[\u4e00-\u9fff]{2}$",
]  # fmt: skip


def text_for(pattern: str, seed: int = 0) -> str:
    return "".join(matching_characters(pattern, Random(seed)))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.filterwarnings("ignore:Possible nested set")
def test_the_text_matches(pattern: str) -> None:
    for seed in range(30):
        assert re.search(pattern, text_for(pattern, seed), re.ASCII)


def test_named_groups_are_read_as_javascript_writes_them() -> None:
    assert re.fullmatch("[0-9]{4}-a", text_for("^(?<year>[0-9]{4})-(?<rest>a)$"))


def test_optional_repeats_are_few() -> None:
    assert {len(text_for("^a{2,}$", seed)) for seed in range(99)} == set(range(2, 2 + MAX_OPTIONAL_REPEATS + 1))


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[a", "[z-a]", "*a", "a{3,2}", "a\\", r"\x4", r"(a)\1", r"\p{L}", r"[^\s\S]", r"[^\x00-\x7f]", r"\ud800",
     "(" * 900 + ")" * 900],
)  # fmt: skip
def test_what_is_not_supported_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern):
        text_for(pattern)


@pytest.mark.parametrize("pattern", ["(a{999}){999}", "((){900}){900}", "((((a?){900}){900}){900}){900}"])
def test_a_long_text_comes_bit_by_bit(pattern: str) -> None:
    assert len(list(islice(matching_characters(pattern, Random(0)), 5000))) == 5000


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a*)*b$", "^(((a?){3}){3})+$", "^a*a*a*a*a*$"])
def test_a_pattern_that_could_keep_re_busy_for_hours_is_written_at_once(pattern: str) -> None:
    began_s = time.process_time()
    text_for(pattern)
    assert time.process_time() - began_s < 2


@given(pattern=st.text(alphabet="ab()[]{}|*+?^$\\d.-,019<>:=!P", max_size=16))
def test_any_pattern_is_written_or_refused(pattern: str) -> None:
    try:
        list(islice(matching_characters(pattern, Random(0)), 5000))
    except UnsupportedPattern:
        return
