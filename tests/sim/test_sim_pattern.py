"""Texts for regular expressions, held against `re` (where `\\w` is ASCII, as in JSON Schema's dialect)."""

import re
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealink.sim.pattern import example, matches
from sealink.sim.pattern_reader import MAX_LENGTH, MAX_NESTING, UnsupportedPattern, parse

PATTERNS = [
    "", "abc", "^abc$", "a|b|", "^(foo|bar)+$", r"^\+?[1-9]\d{1,14}$", r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    "^#(?:[0-9a-fA-F]{3}){1,2}$", r"^[\w.-]+$", "^[a-z-]{3}$", "^[]a]$", "^[^]a]$", "^[-a]+?$", r"^\x41\u00e9\t$",
    r"^.{5}$", r"^[A-Z]{2}\d{2}[A-Z\d]{1,30}$", "^(?P<year>[0-9]{4})-W[0-5][0-9]$", r"^\d{1,3}(\.\d{1,3}){3}$",
    r"^[\s\S]{3}$", r"^[^\d]$", "^a{2}b{0,1}c{3,}$", "x*", "(a*)*", r"^\$\{[a-z]+\}$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_example_matches(pattern: str) -> None:
    node = parse(pattern)
    for seed in range(30):
        text = example(node, Random(seed))
        assert re.search(pattern, text)
        assert matches(node, text)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=st.text(alphabet="abcfor1@.-#x $é\t", max_size=12))
@settings(max_examples=25, deadline=None)
def test_matching_agrees_with_re(pattern: str, text: str) -> None:
    assert matches(parse(pattern), text) == bool(re.search(pattern, text, re.ASCII))


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[a", "[z-a]", "*a", "a{x}", "a{,}", "a{3,2}", "a\\", r"\x4", "(?=a)", "(?<!a)b", r"\bword", r"(a)\1",
     r"\p{L}", "(" * (MAX_NESTING + 1) + ")" * (MAX_NESTING + 1), f"a{{{MAX_LENGTH + 1}}}", "(a{999}){999}"],
)  # fmt: skip
def test_what_is_not_covered_is_said_to_be_so(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern):
        parse(pattern)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a*)*b$", "^(((a?){30}){30})+$", "^a*a*a*a*a*$"])
def test_a_pattern_that_would_keep_re_busy_for_hours_is_answered_at_once(pattern: str) -> None:
    began_s = time.process_time()
    assert not matches(parse(pattern), "a" * 40 + "!")
    assert time.process_time() - began_s < 2


@given(pattern=st.text(alphabet="ab()[]{}|*+?^$\\d.-,019<>:=!P", max_size=16))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused(pattern: str) -> None:
    try:
        node = parse(pattern)
    except UnsupportedPattern:
        return
    assert len(example(node, Random(0))) <= MAX_LENGTH * 2
    matches(node, "ab01")
