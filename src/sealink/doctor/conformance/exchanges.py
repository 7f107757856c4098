"""What is asked of an endpoint, in each API, to judge it by the answers."""

import asyncio
from typing import Any, Final

import msgspec

from sealink.doctor.conformance.rule import BEARER, CUT, PLAIN, TOOLS, USAGE, WHOLE, WRONG, Json, Transcript
from sealink.doctor.reception import Reception
from sealink.doctor.session import Session
from sealink.errors import RateLimited
from sealink.net.message import UpstreamRequest
from sealink.sim.probe import Probe

_PROMPT: Final = "Say in one sentence what the weather is like in Lisbon."
_PARAMETERS: Final[Json] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_TOOL: Final[Json] = {"name": "get_weather", "description": "The weather in a city."}
_CUT: Final = Probe(phases=((10, 0.01),), fault="close@5")
_MAX_TOKENS: Final = 1024
ANTHROPIC_VERSION: Final = [("anthropic-version", "2023-06-01")]

_AS_CLAUDE_CODE: Final = [*ANTHROPIC_VERSION, ("anthropic-beta", "something-new-2030-01-01")]

LISTED: Final = "listed"
LISTED_FOR_MESSAGES: Final = "listed for messages"


async def chat(session: Session) -> Transcript:
    path, messages = "/chat/completions", _messages(_PROMPT)
    tools = [{"type": "function", "function": {**_TOOL, "parameters": _PARAMETERS}}]
    asked: dict[str, Json] = {
        PLAIN: {"messages": messages, "stream": True},
        USAGE: {"messages": messages, "stream": True, "stream_options": {"include_usage": True}, "x_unknown": 1},
        TOOLS: {"messages": messages, "stream": True, "tools": tools, "tool_choice": "required"},
        CUT: {"messages": _messages(_CUT.prompt()), "stream": True},
        WHOLE: {"messages": messages},
        WRONG: {"messages": "none", "stream": True},
    }
    return await _ask(session, path, asked, [])


async def messages(session: Session) -> Transcript:
    said: Json = {"messages": _messages(_PROMPT), "max_tokens": _MAX_TOKENS}
    tools = {"tools": [{**_TOOL, "input_schema": _PARAMETERS}], "tool_choice": {"type": "any"}}
    asked: dict[str, Json] = {
        PLAIN: {**said, "stream": True},
        TOOLS: {**said, **tools, "stream": True},
        CUT: {**said, "messages": _messages(_CUT.prompt()), "stream": True},
        WHOLE: said,
        WRONG: {**said, "messages": "none", "stream": True},
    }
    transcript = await _ask(session, "/messages", asked, [*ANTHROPIC_VERSION, ("x-api-key", session.key)])
    by_bearer = await _exchange(session, "POST", "/messages", _AS_CLAUDE_CODE, {"model": session.model, **said})
    return Transcript({**transcript.exchanges, BEARER: by_bearer})


async def responses_api(session: Session) -> Transcript:
    tools = {"tools": [{"type": "function", **_TOOL, "parameters": _PARAMETERS}], "tool_choice": "required"}
    asked: dict[str, Json] = {
        PLAIN: {"input": _PROMPT, "stream": True},
        TOOLS: {"input": _PROMPT, **tools, "stream": True},
        CUT: {"input": _CUT.prompt(), "stream": True},
        WHOLE: {"input": _PROMPT},
        WRONG: {"input": 7, "stream": True},
    }
    return await _ask(session, "/responses", asked, [])


async def models(session: Session) -> Transcript:
    listed = await _exchange(session, "GET", "/models", [], None)
    for_messages = await _exchange(session, "GET", "/models", ANTHROPIC_VERSION, None)
    return Transcript({LISTED: listed, LISTED_FOR_MESSAGES: for_messages})


async def _ask(session: Session, path: str, asked: dict[str, Json], headers: list[tuple[str, str]]) -> Transcript:
    """All exchanges of an API, at the same time; those that are too many for the key again, one by one."""

    async def answer(name: str) -> Reception:
        return await _exchange(session, "POST", path, headers, {"model": session.model, **asked[name]})

    async def answer_or_limit(name: str) -> Reception | None:
        try:
            return await answer(name)
        except RateLimited:
            return None

    names = [name for name in asked if name != CUT or session.is_sim]
    came = dict(zip(names, await asyncio.gather(*map(answer_or_limit, names)), strict=True))
    return Transcript({name: received or await answer(name) for name, received in came.items()})


async def _exchange(session: Session, method: str, path: str, headers: list[tuple[str, str]], body: Any) -> Reception:
    key = [] if ("x-api-key", session.key) in headers else [("authorization", f"Bearer {session.key}")]
    return await session.exchange(
        UpstreamRequest(
            method=method,
            url=session.url + path,
            headers=[*key, *headers, ("content-type", "application/json")],
            body=b"" if body is None else msgspec.json.encode(body),
        )
    )


def _messages(prompt: str) -> list[Json]:
    return [{"role": "user", "content": prompt}]
