"""What the simulated model says: pure, without a socket."""

import json
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sealink.catalog.models import SIM_MODEL
from sealink.request import ToolChoice
from sealink.sim.answer import ANSWER_TOKENS, Answer, answer, answers, called_tools
from sealink.sim.ask import Ask, Tool, Turn, read_conversation
from sealink.sim.prose import harbour_prose, introduction, pieces

WEATHER = Tool("get_weather", {"properties": {"location": {"type": "string"}}, "required": ["location"]})
CLOCK = Tool("getLocalTime", {"properties": {"zone": {"enum": ["UTC", "CET"]}}, "required": ["zone"]})


def ask(prompt: str = "Tell me something.", **fields: object) -> Ask:
    given = {"model": SIM_MODEL, "conversation": f"user: {prompt}", "prompt": prompt, "prompt_tokens": 9} | fields
    return Ask(**given)


def text(given: Answer) -> str:
    return "".join(block.text for block in given.blocks if block.kind == "text")


@given(st.text())
def test_pieces_joined_are_the_text(words: str) -> None:
    assert "".join(pieces(words)) == words


def test_pieces_are_about_as_long_as_tokens_are() -> None:
    prose = "".join(islice(harbour_prose(Random(0)), 100))
    assert 3.5 < len(prose) / len(pieces(prose)) < 5.5


def test_thousands_of_tokens_do_not_repeat_a_sentence() -> None:
    sentences = [sentence.strip() for sentence in islice(harbour_prose(Random(0)), 110)]
    assert len(set(sentences)) == len(sentences)
    assert sum(map(len, map(pieces, sentences))) > 1800
    assert not any("{" in sentence or "}" in sentence for sentence in sentences)


def test_its_first_words_say_what_it_is() -> None:
    assert text(answer(ask())).startswith("This is SeaLink's simulated model.")
    other = answer(ask(model="claude-sonnet-4-6"))
    assert text(other).startswith("This is SeaLink's simulated model, standing in for claude-sonnet-4-6.")


def test_an_answer_depends_on_the_prompt_and_on_nothing_else() -> None:
    assert answer(ask("one")) == answer(ask("one"))
    assert text(answer(ask("one"))) != text(answer(ask("two")))
    assert len({text(each) for each in answers(ask(choices=3))}) == 3


def test_an_answer_is_of_a_natural_length() -> None:
    lengths = [answer(ask(str(number))).tokens for number in range(30)]
    assert ANSWER_TOKENS // 2 <= min(lengths) < max(lengths) < ANSWER_TOKENS * 2
    assert {answer(ask(str(number))).finish for number in range(30)} == {"stop"}


@pytest.mark.parametrize(("prompt", "least"), [("Write 2000 tokens.", 2000), ("An essay in 800 words", 1000)])
def test_a_length_in_the_prompt_is_kept_to(prompt: str, least: int) -> None:
    assert least <= answer(ask(prompt)).tokens < least + 60


@pytest.mark.parametrize("most", [1, 2, 17, 60])
def test_max_tokens_cuts_the_answer(most: int) -> None:
    cut = answer(ask(max_tokens=most))
    assert (cut.tokens, cut.finish) == (most, "length")
    assert text(answer(ask())).startswith(text(cut))


def test_max_tokens_that_are_not_used_up_cut_nothing() -> None:
    whole = answer(ask())
    assert answer(ask(max_tokens=whole.tokens)) == whole


def test_max_tokens_count_thinking_too() -> None:
    cut = answer(ask(max_tokens=10, reasoning_tokens=30))
    assert [block.kind for block in cut.blocks] == ["reasoning"]
    assert (cut.tokens, cut.reasoning_tokens, cut.finish) == (10, 10, "length")


def test_thinking_comes_first_and_says_that_it_is_simulated() -> None:
    given = answer(ask(reasoning_tokens=30))
    assert [block.kind for block in given.blocks] == ["reasoning", "text"]
    assert given.blocks[0].text.startswith("This is simulated thinking.")
    assert 30 <= given.reasoning_tokens < 60


@pytest.mark.parametrize("stop", ["simulated", "lated mod", " model", "This"])
def test_a_stop_sequence_ends_the_text_before_it(stop: str) -> None:
    given = answer(ask(stops=["never said", stop]))
    assert (given.finish, given.stop) == ("stop_sequence", stop)
    assert text(given) == introduction(SIM_MODEL).partition(stop)[0]


def test_the_first_of_several_stop_sequences_counts_and_an_empty_one_does_not() -> None:
    assert answer(ask(stops=["", "model", "Sea"])).stop == "Sea"
    assert answer(ask(stops=[""])) == answer(ask())


def test_thinking_is_not_stopped() -> None:
    assert answer(ask(stops=["thinking"], reasoning_tokens=30)).finish == "stop"


@pytest.mark.parametrize(
    ("prompt", "choice", "called"),
    [
        ("What is the weather in Paris?", ToolChoice("auto"), ["get_weather"]),
        ("Get me the Weather, and the local time.", ToolChoice("auto"), ["get_weather", "getLocalTime"]),
        ("Get me something.", ToolChoice("auto"), []),
        ("How is the weather?", ToolChoice("none"), []),
        ("Hello", ToolChoice("required"), ["get_weather"]),
        ("What time is it?", ToolChoice("required"), ["getLocalTime"]),
        ("How is the weather?", ToolChoice("named", "getLocalTime"), ["getLocalTime"]),
    ],
)
def test_which_tools_are_called(prompt: str, choice: ToolChoice, called: list[str]) -> None:
    asked = ask(prompt, tools=[WEATHER, CLOCK], tool_choice=choice)
    assert [tool.name for tool in called_tools(asked)] == called
    assert answer(asked).finish == ("tool_calls" if called else "stop")


def test_one_tool_call_where_parallel_ones_are_off() -> None:
    asked = ask("The weather and the time", tools=[WEATHER, CLOCK], parallel_tool_calls=False)
    assert [tool.name for tool in called_tools(asked)] == ["get_weather"]


def test_arguments_satisfy_the_schema_and_use_names_of_the_prompt() -> None:
    asked = ask("What is the weather in New York?", tools=[WEATHER])
    (call,) = answer(asked).blocks
    assert (call.kind, call.name) == ("tool_call", "get_weather")
    Draft202012Validator(WEATHER.schema).validate(json.loads(call.text))
    found = [answer(ask(f"{n}: weather in New York?", tools=[WEATHER])).blocks[0].text for n in range(9)]
    assert '{"location":"New York"}' in found


def test_a_tool_without_a_schema_gets_an_empty_object() -> None:
    asked = ask(tools=[Tool("ping", {})], tool_choice=ToolChoice("required"))
    assert answer(asked).blocks[0].text == "{}"


def test_after_a_tool_result_it_answers_in_prose_that_quotes_it() -> None:
    asked = ask("How is the weather?", tools=[WEATHER], tool_results=["21 degrees, sunny"])
    assert "21 degrees, sunny" in text(answer(asked))
    assert answer(asked).finish == "stop"


def test_a_structured_answer_is_json_and_nothing_else() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    Draft202012Validator(schema).validate(json.loads(text(answer(ask(schema=schema)))))
    plain = json.loads(text(answer(ask(schema={}))))
    assert plain["answer"].startswith("This is SeaLink's simulated model")


def test_the_last_user_turn_and_the_results_since_the_models_last_turn_are_what_counts() -> None:
    conversation = read_conversation(
        [
            Turn("user", "first"),
            Turn("assistant", "", []),
            Turn("tool", "", ["old"]),
            Turn("assistant", "call"),
            Turn("tool", "", ["new"]),
            Turn("tool", "", ["newer"]),
        ]
    )
    assert (conversation.prompt, conversation.tool_results) == ("first", ["new", "newer"])


def test_prompt_tokens_are_a_quarter_of_the_bytes_and_three_a_turn() -> None:
    assert read_conversation([Turn("user", "äbcdefg")]).tokens == 3 + 3 + 2
    assert read_conversation([Turn("user", "abc", images=2)]).tokens == 3 + 3 + 1 + 170
