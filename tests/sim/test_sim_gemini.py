"""The simulated model as a Gemini upstream, to the letter of Google's reference."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from jsonschema import Draft202012Validator
from simulation import AT_ONCE, running_sim

from sealink.sim import SIM_MODEL
from sealink.sim.wires.gemini import GeminiWire

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GOOGLES = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "parametersJsonSchema": SCHEMA}
CLOCK = {"name": "get_time"}
TOOLS = [{"functionDeclarations": [WEATHER, CLOCK]}, {"googleSearch": {}}]
ASKED = {"role": "user", "parts": [{"text": "How is the weather in Lisbon, and the time?"}]}
HELLO = {"contents": [{"parts": [{"text": "Hello!"}]}]}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_sim(AT_ONCE, "gemini") as sim:
        yield sim.url


def post(url: str, body: Any, model: str = "m", verb: str = "generateContent") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with urlopen(Request(f"{url}/v1beta/models/{model}:{verb}", data), timeout=30) as answer:
        return bytes(answer.read())


def whole(url: str, body: Any, model: str = "m") -> Any:
    return json.loads(post(url, body, model))


def streamed(url: str, body: Any, model: str = "m") -> list[Any]:
    raw = post(url, body, model, "streamGenerateContent?alt=sse")
    assert raw.endswith(b"\r\n\r\n")
    return [json.loads(frame.removeprefix(b"data: ")) for frame in raw.split(b"\r\n\r\n")[:-1]]


def parts_of(*answers: Any, candidate: int = 0) -> list[Any]:
    found = [each for answer in answers for each in answer["candidates"] if each["index"] == candidate]
    return [part for each in found for part in each["content"]["parts"]]


def text_of(*answers: Any, thought: bool = False, candidate: int = 0) -> str:
    parts = parts_of(*answers, candidate=candidate)
    return "".join(part.get("text", "") for part in parts if part.get("thought", False) is thought)


def refused(url: str, body: Any, model: str = "m") -> Any:
    with pytest.raises(HTTPError) as caught:
        post(url, body, model)
    return json.load(caught.value)["error"]


def test_streamed_and_whole_say_the_same(url: str) -> None:
    chunks, answer = streamed(url, HELLO), whole(url, HELLO)
    assert text_of(*chunks) == text_of(answer)
    assert text_of(answer).startswith("This is SeaLink's simulated model, standing in for m.")
    assert chunks[-1]["candidates"][0]["finishReason"] == answer["candidates"][0]["finishReason"] == "STOP"
    assert not any("finishReason" in chunk["candidates"][0] for chunk in chunks[:-1])
    assert chunks[-1]["usageMetadata"] == answer["usageMetadata"]
    assert chunks[-1]["usageMetadata"]["candidatesTokenCount"] == len(chunks) - 1
    assert {chunk["responseId"] for chunk in chunks} == {chunks[0]["responseId"]}
    assert answer["modelVersion"] == "m"


def test_length_and_stop_sequences(url: str) -> None:
    short = whole(url, {**HELLO, "generationConfig": {"maxOutputTokens": 5}})
    assert short["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert short["usageMetadata"]["candidatesTokenCount"] == 5
    stopped = whole(url, {**HELLO, "generation_config": {"stop_sequences": [" simulated"]}})
    assert text_of(stopped) == "This is SeaLink's"


@pytest.mark.parametrize(
    ("config", "tokens", "told"),
    [
        ({"thinkingLevel": "LOW", "includeThoughts": True}, 30, True),
        ({"thinkingLevel": "LOW"}, 30, False),
        ({"thinkingBudget": -1, "includeThoughts": True}, 60, True),
        ({"thinkingBudget": 20}, 20, False),
        ({"thinkingBudget": 0, "includeThoughts": True}, 0, False),
    ],
)
def test_thinking(url: str, config: dict[str, Any], tokens: int, told: bool) -> None:
    asked = {**HELLO, "generationConfig": {"thinkingConfig": config}}
    chunks, answer = streamed(url, asked), whole(url, asked)
    assert text_of(*chunks, thought=True) == text_of(answer, thought=True)
    assert bool(text_of(answer, thought=True)) is told
    assert abs(answer["usageMetadata"].get("thoughtsTokenCount", 0) - tokens) < 30
    assert bool(answer["usageMetadata"].get("thoughtsTokenCount")) is (tokens > 0)


@pytest.mark.parametrize("schema", [{"parametersJsonSchema": SCHEMA}, {"parameters": GOOGLES}])
def test_calls(url: str, schema: dict[str, Any]) -> None:
    asked = {"contents": [ASKED], "tools": [{"functionDeclarations": [{"name": "get_weather", **schema}, CLOCK]}]}
    calls = [part["functionCall"] for part in parts_of(whole(url, asked))]
    assert [call["name"] for call in calls] == ["get_weather", "get_time"]
    Draft202012Validator(SCHEMA).validate(calls[0]["args"])
    told = [part["functionCall"] for part in parts_of(*streamed(url, asked)) if "functionCall" in part]
    assert told == calls
    assert all("id" not in call for call in calls)
    assert all(part["functionCall"]["id"] for part in parts_of(whole(url, asked, "gemini-3-flash")))


@pytest.mark.parametrize(
    ("config", "called"),
    [
        ({"mode": "NONE"}, []),
        ({"mode": "ANY", "allowedFunctionNames": ["get_time"]}, ["get_time"]),
        ({"mode": "VALIDATED"}, ["get_weather", "get_time"]),
    ],
)
def test_which_may_be_called(url: str, config: dict[str, Any], called: list[str]) -> None:
    asked = {"contents": [ASKED], "tools": TOOLS, "toolConfig": {"functionCallingConfig": config}}
    assert [part["functionCall"]["name"] for part in parts_of(whole(url, asked)) if "functionCall" in part] == called


def test_a_call_must_come_back_signed(url: str) -> None:
    asked = {"contents": [ASKED], "tools": TOOLS}
    parts = parts_of(whole(url, asked, "gemini-3-flash"))
    assert ["thoughtSignature" in part for part in parts] == [True, False]
    results = [
        {"functionResponse": {"name": part["functionCall"]["name"], "response": {"output": "19 °C"}}} for part in parts
    ]

    def then(calls: list[Any]) -> Any:
        turns = [ASKED, {"role": "model", "parts": calls}, {"role": "user", "parts": results}]
        return {**asked, "contents": turns}

    assert "The tool's result was: 19 °C." in text_of(whole(url, then(parts), "gemini-3-flash"))
    unsigned = [{"functionCall": part["functionCall"]} for part in parts]
    error = refused(url, then(unsigned), "gemini-3-flash")
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert "missing a thought_signature" in error["message"]
    assert refused(url, then([{**unsigned[0], "thoughtSignature": "Zm9yZWlnbg=="}]), "gemini-3-flash")["code"] == 400
    assert text_of(whole(url, then(unsigned), "gemini-2.5-flash"))
    later = then(unsigned)
    later["contents"] += [{"role": "model", "parts": [{"text": "Fine."}]}, ASKED]
    assert parts_of(whole(url, later, "gemini-3-flash"))


def test_structured_answers(url: str) -> None:
    for schema in ({"responseJsonSchema": SCHEMA}, {"responseSchema": GOOGLES}):
        config = {"responseMimeType": "application/json", **schema}
        Draft202012Validator(SCHEMA).validate(json.loads(text_of(whole(url, {**HELLO, "generationConfig": config}))))
    assert json.loads(text_of(whole(url, {**HELLO, "generationConfig": {"responseMimeType": "application/json"}})))


def test_candidates(url: str) -> None:
    asked = {**HELLO, "generationConfig": {"candidateCount": 2}}
    chunks, answer = streamed(url, asked), whole(url, asked)
    texts = [text_of(answer, candidate=index) for index in (0, 1)]
    assert texts[0] != texts[1]
    assert [text_of(*chunks, candidate=index) for index in (0, 1)] == texts
    assert sum("finishReason" in each for chunk in chunks for each in chunk["candidates"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        {"contents": []},
        {"contents": [{"parts": [{"text": 1}]}]},
        {**HELLO, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        {
            **HELLO,
            "tools": TOOLS,
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["x"]}},
        },
    ],
)
def test_what_cannot_be_answered_is_refused(url: str, body: Any) -> None:
    assert refused(url, body)["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("path", "takes"),
    [
        ("/v1beta/models/m:generateContent", True),
        ("/v1beta/models/sealink%2Fsim:streamGenerateContent", True),
        ("/v1/projects/p/locations/global/publishers/google/models/m:streamGenerateContent", True),
        ("/v1beta/models/m:countTokens", False),
        ("/v1beta/models/m", False),
        ("/models/m:generateContent", False),
    ],
)
def test_where_answers_are_asked_for(path: str, takes: bool) -> None:
    assert GeminiWire().takes(path) is takes


def test_models(url: str) -> None:
    for version in ("v1beta", "v1"):
        with urlopen(f"{url}/{version}/models", timeout=30) as answer:
            (model,) = json.load(answer)["models"]
        assert model["name"] == f"models/{SIM_MODEL}"
        with urlopen(f"{url}/{version}/{model['name']}", timeout=30) as answer:
            assert json.load(answer) == model
