"""What is asked of an endpoint, in each API, to judge it by the answers."""

import asyncio
from typing import Final

import msgspec

from sealink.doctor.conformance.rule import BEARER, CUT, PLAIN, TOOLS, USAGE, WHOLE, WRONG, Json, Transcript
from sealink.doctor.reception import Reception
from sealink.doctor.session import Session
from sealink.errors import GatewayTimeout, RateLimited, SealinkError
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
    messages = _messages(_PROMPT)
    tools = [{"type": "function", "function": {**_TOOL, "parameters": _PARAMETERS}}]
    asked: dict[str, Json] = {
        PLAIN: {"messages": messages, "stream": True},
        USAGE: {"messages": messages, "stream": True, "stream_options": {"include_usage": True}, "x_unknown": 1},
        TOOLS: {"messages": messages, "stream": True, "tools": tools, "tool_choice": "required"},
        CUT: {"messages": _messages(_CUT.prompt()), "stream": True},
        WHOLE: {"messages": messages},
        WRONG: {"messages": "none", "stream": True},
    }
    return await _ask(session, _posts(session, "/chat/completions", asked, _bearer(session)))


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
    by_key = _posts(session, "/messages", asked, [*ANTHROPIC_VERSION, ("x-api-key", session.key)])
    by_bearer = _posts(session, "/messages", {BEARER: said}, [*_bearer(session), *_AS_CLAUDE_CODE])
    return await _ask(session, {**by_key, **by_bearer})


async def responses_api(session: Session) -> Transcript:
    tools = {"tools": [{"type": "function", **_TOOL, "parameters": _PARAMETERS}], "tool_choice": "required"}
    asked: dict[str, Json] = {
        PLAIN: {"input": _PROMPT, "stream": True},
        TOOLS: {"input": _PROMPT, **tools, "stream": True},
        CUT: {"input": _CUT.prompt(), "stream": True},
        WHOLE: {"input": _PROMPT},
        WRONG: {"input": 7, "stream": True},
    }
    return await _ask(session, _posts(session, "/responses", asked, _bearer(session)))


async def models(session: Session) -> Transcript:
    listed = session.listing()
    for_messages = msgspec.structs.replace(listed, headers=[*listed.headers, *ANTHROPIC_VERSION])
    return await _ask(session, {LISTED: listed, LISTED_FOR_MESSAGES: for_messages})


async def _ask(session: Session, requests: dict[str, UpstreamRequest]) -> Transcript:
    """All exchanges of an API, at the same time; those that are too many for the key again, one by one."""
    if not session.is_sim:
        requests.pop(CUT, None)

    async def answer_or_limit(request: UpstreamRequest) -> Reception | None:
        try:
            return await _answer(session, request)
        except RateLimited:
            return None

    came = dict(zip(requests, await asyncio.gather(*map(answer_or_limit, requests.values())), strict=True))
    answers = {name: received or await _answer(session, requests[name]) for name, received in came.items()}
    unanswered = {name: each.error.message for name, each in answers.items() if _is_unanswered(each) and each.error}
    return Transcript({name: each for name, each in answers.items() if name not in unanswered}, unanswered)


async def _answer(session: Session, request: UpstreamRequest) -> Reception:
    """What came; an error without a status where nothing did. Raises RateLimited."""
    try:
        return await session.exchange(request)
    except RateLimited:
        raise
    except SealinkError as error:
        return Reception(error=error)


def _is_unanswered(came: Reception) -> bool:
    """Whether nothing came, or not all in time. A body that is cut is judged: it may be what a rule is about."""
    return came.status == 0 or isinstance(came.error, GatewayTimeout)


def _posts(
    session: Session, path: str, asked: dict[str, Json], headers: list[tuple[str, str]]
) -> dict[str, UpstreamRequest]:
    return {
        name: UpstreamRequest(
            method="POST",
            url=session.url + path,
            headers=[*headers, ("content-type", "application/json")],
            body=msgspec.json.encode({"model": session.model, **body}),
        )
        for name, body in asked.items()
    }


def _bearer(session: Session) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {session.key}")]


def _messages(prompt: str) -> list[Json]:
    return [{"role": "user", "content": prompt}]
