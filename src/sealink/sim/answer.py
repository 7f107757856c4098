"""The simulated model's answer: its blocks of tokens and its finish reason.

Tests may rely on these rules:
- A tool is called if `tool_choice` requires it. With `tool_choice: auto`, each tool is called whose name shares a word
  of three letters or more with the user's last message ("weather" calls get_weather); words that are common in tool
  names, such as "get", do not count. If parallel calls are off, only the first of them is called. If a call is
  required and no name matches, the first tool is called.
- If the last message holds tool results, and no call is required, the answer is prose that quotes them.
- A length in the prompt ("in 500 words", "2000 tokens") is observed.
- The same request always gets the same answer; each of its `n` choices is different.
"""

import re
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, Literal

import msgspec

from sealink.errors import InvalidRequest
from sealink.sim.ask import Ask, Tool
from sealink.sim.prose import harbour_prose, introduction, pieces, thoughts
from sealink.sim.schema import UnusableSchema
from sealink.sim.schema_value import value_for

ANSWER_TOKENS: Final = 160
"""Approximate length of an answer in prose if the prompt does not ask for one."""

MAX_ANSWER_TOKENS: Final = 100_000
"""The longest answer that a prompt can ask for."""

Finish = Literal["stop", "stop_sequence", "length", "tool_calls"]


class Block(msgspec.Struct):
    """Consecutive tokens of one kind: thinking, text, or the arguments of one call of the tool `name`."""

    kind: Literal["reasoning", "text", "tool_call"]
    tokens: list[str]
    name: str = ""

    @property
    def text(self) -> str:
        return "".join(self.tokens)


class Answer(msgspec.Struct):
    """`stop` is the stop sequence that ended the answer, "" if none did."""

    blocks: list[Block]
    finish: Finish
    stop: str = ""

    @property
    def tokens(self) -> int:
        return sum(len(block.tokens) for block in self.blocks)

    @property
    def reasoning_tokens(self) -> int:
        return sum(len(block.tokens) for block in self.blocks if block.kind == "reasoning")


def answer(ask: Ask, choice: int = 0) -> Answer:
    """The answer that the request gets as its choice number `choice`.

    Raises InvalidRequest if no value can be given for a JSON schema in the request.
    """
    whole = Answer(_blocks(ask, f"{ask.conversation}#{choice}"), "stop")
    if any(block.kind == "tool_call" for block in whole.blocks):
        whole.finish = "tool_calls"
    return _cut_at_length(_cut_at_stop(whole, ask.stops), ask.max_tokens)


def answers(ask: Ask) -> list[Answer]:
    return [answer(ask, choice) for choice in range(ask.choices)]


def _blocks(ask: Ask, seed: str) -> list[Block]:
    blocks, rng = [], Random(seed)
    if ask.reasoning_tokens:
        blocks.append(Block("reasoning", _filled(thoughts(Random(seed)), ask.reasoning_tokens)))
    if called := called_tools(ask):
        blocks += [Block("tool_call", pieces(_arguments(tool, ask, rng)), tool.name) for tool in called]
    else:
        blocks.append(Block("text", _text(ask, rng)))
    return blocks


def called_tools(ask: Ask) -> list[Tool]:
    """The tools that the answer calls, by the rules at the top of this file."""
    choice = ask.tool_choice
    if choice.mode == "named":
        return [tool for tool in ask.tools if tool.name == choice.name][:1]
    if choice.mode == "none" or (choice.mode == "auto" and ask.tool_results):
        return []
    words = _words(ask.prompt)
    called = [tool for tool in ask.tools if words & _words(tool.name)]
    if choice.mode == "required" and not called:
        called = ask.tools[:1]
    return called if ask.parallel_tool_calls else called[:1]


def _words(text: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    return {word for word in re.findall(r"[^\W\d_]{3,}", spaced) if word not in _COMMON_WORDS}


_COMMON_WORDS: Final = {
    "get", "set", "the", "and", "for", "with", "from", "into", "find", "make", "call", "current", "list",
    "create", "add", "all", "new", "use", "run", "tool", "function", "fetch", "look", "lookup", "what", "this", "that",
}  # fmt: skip


def _arguments(tool: Tool, ask: Ask, rng: Random) -> str:
    return _json(_value({**tool.schema, "type": "object"}, f"of the tool {tool.name!r}", ask, rng))


def _value(schema: dict[str, object], whose: str, ask: Ask, rng: Random) -> object:
    try:
        return value_for(schema, rng, _names(ask.prompt))
    except UnusableSchema as error:
        raise InvalidRequest(_quoted(f"The JSON schema {whose} {error}")) from None


def _names(prompt: str) -> list[str]:
    """Likely proper names in a prompt: capitalised words that do not begin a sentence."""
    return re.findall(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*", prompt)


def _text(ask: Ask, rng: Random) -> list[str]:
    if ask.schema == {}:
        return pieces(
            _json({"answer": introduction(ask.model), "notes": "".join(_some(harbour_prose(rng), 2)).strip()})
        )
    if ask.schema is not None:
        return pieces(_json(_value(ask.schema, "of the answer", ask, rng)))
    return _filled(_sentences(ask, rng), _wanted_tokens(ask.prompt, rng))


def _sentences(ask: Ask, rng: Random) -> Iterator[str]:
    yield introduction(ask.model)
    for result in ask.tool_results:
        yield f" The tool's result was: {_quoted(result)}."
    yield from harbour_prose(rng)


def _quoted(result: str, most: int = 400) -> str:
    return result if len(result) <= most else result[:most] + "…"


def _wanted_tokens(prompt: str, rng: Random) -> int:
    asked = re.search(r"\b(\d{1,6})[ -](word|token)s?\b", prompt)
    if asked is None:
        return rng.randint(ANSWER_TOKENS // 2, ANSWER_TOKENS * 3 // 2)
    per_word = 1.25 if asked[2] == "word" else 1
    return min(int(int(asked[1]) * per_word), MAX_ANSWER_TOKENS)


def _filled(sentences: Iterable[str], wanted: int) -> list[str]:
    """The tokens of whole sentences, at least `wanted` of them."""
    tokens: list[str] = []
    for sentence in sentences:
        tokens += pieces(sentence)
        if len(tokens) >= wanted:
            break
    return tokens


def _some(sentences: Iterator[str], count: int) -> list[str]:
    return [next(sentences) for _ in range(count)]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _cut_at_stop(whole: Answer, stops: list[str]) -> Answer:
    """`whole` up to the first stop sequence in its text, without that sequence."""
    for at, block in enumerate(whole.blocks):
        found = [(place, stop) for stop in stops if stop and (place := block.text.find(stop)) >= 0]
        if block.kind == "text" and found:
            place, stop = min(found)
            return Answer(
                [*whole.blocks[:at], Block("text", _first_characters(block.tokens, place))], "stop_sequence", stop
            )
    return whole


def _first_characters(tokens: list[str], count: int) -> list[str]:
    kept: list[str] = []
    for token in tokens:
        if count <= 0:
            break
        kept.append(token[:count])
        count -= len(token)
    return kept


def _cut_at_length(whole: Answer, max_tokens: int | None) -> Answer:
    if max_tokens is None or whole.tokens <= max_tokens:
        return whole
    blocks, left = [], max_tokens
    for block in whole.blocks:
        if left > 0:
            blocks.append(Block(block.kind, block.tokens[:left], block.name))
        left -= len(block.tokens)
    return Answer(blocks, "length")
