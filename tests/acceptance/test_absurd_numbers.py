"""Numbers that no machine can hold, wherever a client may write one: the request is answered or refused, never a 500.

Python reads no integer of more than 4,300 digits from text (`sys.set_int_max_str_digits`), and no float beyond 1.8e308.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from acceptance.sealink_process import KEY, SealinkProcess
from sealink.sim import SimSettings
from sim.simulation import running_sim

ABSURD = [
    "1" * 4301,
    "-" + "1" * 4301,
    "1" * 4300,
    "1" + "0" * 400,
    "9" * 30,
    "1e400",
    "-1e400",
    "1e-5000",
    "1." + "1" * 5000,
]
MARK = 424242

SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": MARK, "maximum": MARK, "multipleOf": MARK},
        "s": {"type": "string", "minLength": MARK, "maxLength": MARK},
        "a": {"type": "array", "minItems": MARK, "items": {"enum": [MARK]}},
    },
    "required": ["n", "s", "a"],
    "additionalProperties": False,
}
MESSAGES = [{"role": "user", "content": "Count."}]
CHAT: dict[str, Any] = {
    "model": "MODEL",
    "messages": MESSAGES,
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "n", "seed"), MARK),
    **dict.fromkeys(("frequency_penalty", "presence_penalty", "top_logprobs", "logprobs"), MARK),
    "logit_bias": {"1": MARK},
    "metadata": {"n": MARK},
    "stream_options": {"include_usage": MARK},
    "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}},
    "unheard_of": [MARK],
}
MESSAGES_API: dict[str, Any] = {
    "model": "MODEL",
    "messages": MESSAGES,
    **dict.fromkeys(("max_tokens", "temperature", "top_p", "top_k"), MARK),
    "thinking": {"type": "enabled", "budget_tokens": MARK},
    "tools": [{"name": "f", "input_schema": SCHEMA}],
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    "metadata": {"user_id": MARK},
}
RESPONSES: dict[str, Any] = {
    "model": "MODEL",
    "input": "Count.",
    **dict.fromkeys(("max_output_tokens", "max_tool_calls", "temperature", "top_p", "top_logprobs"), MARK),
    "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}],
    "text": {"format": {"type": "json_schema", "name": "s", "schema": SCHEMA}},
    "metadata": {"n": MARK},
}
EMBEDDINGS: dict[str, Any] = {"model": "MODEL", "input": [[MARK]], "dimensions": MARK}
BODIES = {
    "/v1/chat/completions": CHAT,
    "/v1/messages": MESSAGES_API,
    "/v1/messages/count_tokens": MESSAGES_API,
    "/v1/responses": RESPONSES,
    "/v1/embeddings": EMBEDDINGS,
}


LIMITED = "sk-with-a-budget"
DIALECTS = ["openai", "anthropic", "responses", "gemini", "bedrock", "cohere", "ollama"]


def config(url: str) -> str:
    """A model for each dialect whose upstream refuses connections, a simulated one, and one that answers at `url`."""
    models = {dialect: f'dialect = "{dialect}"\nbase_url = "http://127.0.0.1:9"\napi_key = "k"' for dialect in DIALECTS}
    models["sim"] = 'dialect = "sim"\ntokens_per_s = 1000000'
    models["far"] = f'dialect = "openai"\nbase_url = "{url}/v1"\napi_key = "k"'
    keys = f'[[keys]]\nname = "tests"\nkey = "{KEY}"\n[[keys]]\nname = "limited"\nkey = "{LIMITED}"\nbudget_usd = 9.0\n'
    return f'[retry]\nattempts = 1\n[limits]\nunpriced = "allow"\n{keys}' + "".join(
        f'[[providers]]\nname = "{name}"\n{provider}\nwarm_connections = 0\n'
        f'[[models]]\nid = "{name}"\ntargets = [{{ provider = "{name}", model = "sealink/sim" }}]\n'
        for name, provider in models.items()
    )


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    with (
        running_sim(SimSettings(tokens_per_s=1000), "openai") as sim,
        SealinkProcess(config(sim.url), tmp_path_factory.mktemp("absurd")) as process,
    ):
        yield process


def with_one(body: Any, written: str) -> Iterator[str]:
    """The body as JSON, with one of its marks after the other written as something else, and all others left out."""
    text = json.dumps(body)
    for name in _marked(body, ()):
        yield json.dumps(_only(body, name)).replace(str(MARK), written)
    yield text.replace(str(MARK), written)


def _marked(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if value == MARK:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _marked(inner, (*path, key))


def _only(value: Any, path: tuple[Any, ...]) -> Any:
    """The value without the marks that are not at the path."""
    if isinstance(value, dict):
        kept = {key: _only(inner, path[1:] if path[:1] == (key,) else ()) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner != MARK or path == (key,)}
    if isinstance(value, list):
        return [_only(inner, path[1:] if path[:1] == (index,) else ()) for index, inner in enumerate(value)]
    return value


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("model", [*DIALECTS, "sim"])
def test_in_a_body(sealink: SealinkProcess, path: str, model: str, full: bool) -> None:
    """One number after the other, and (of the other absurd ones, unless in full) all at once."""
    bodies = [*with_one(BODIES[path], ABSURD[0])]
    bodies += [body for written in ABSURD[1:] for body in [*with_one(BODIES[path], written)][0 if full else -1 :]]
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", sealink.port, timeout=30)) as client:
        for body in bodies:
            client.request("POST", path, body.replace("MODEL", model), headers)
            answer = client.getresponse()
            said = answer.read()
            assert answer.status != 500, (re.sub(r"\d{100,}", "ABSURD", body), said[:300])


@pytest.mark.parametrize("written", [*ABSURD, str(2**63 - 1), str(2**62), str(2**53), "-1"])
@pytest.mark.parametrize("n", [1, 2, 2**62])
def test_in_what_a_budget_reserves(sealink: SealinkProcess, written: str, n: int) -> None:
    """The answer's tokens, and as many answers: refused by name, or streamed to its end."""
    body = json.dumps({"model": "far", "messages": MESSAGES, "stream": True, "max_tokens": MARK, "n": n})
    headers = {"authorization": f"Bearer {LIMITED}", "content-type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", sealink.port, timeout=30)) as client:
        client.request("POST", "/v1/chat/completions", body.replace(str(MARK), written), headers)
        answer = client.getresponse()
        said = answer.read()
    assert said.endswith(b"data: [DONE]\n\n") if answer.status == 200 else 400 <= answer.status < 500, said[-300:]


@pytest.mark.parametrize("written", [*ABSURD, "%B2", "%D9%A3", "-1", "1_000", "", "1e3"])
def test_in_a_query_or_a_header(sealink: SealinkProcess, written: str) -> None:
    headers = {"authorization": f"Bearer {KEY}", "x-sealink-from": written}
    with closing(HTTPConnection("127.0.0.1", sealink.port, timeout=30)) as client:
        for path in ("/v1/streams/none", "/v1/models", "/v1/usage", "/health/ready", "/v1/messages"):
            for name in ("from", "since", "until", "limit", "after", "page"):
                client.request("GET", f"{path}?{name}={written}", headers=headers)
                answer = client.getresponse()
                answer.read()
                assert answer.status < 500, (path, name)
