"""All rules, judged: a scorecard, printed in a terminal or as JSON."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, Literal

import msgspec
from rich.console import Console
from rich.text import Text

from sealink.benchmark.plain_text import plain
from sealink.doctor.check import Check
from sealink.doctor.checks import buffering, compression, heartbeats, leaving
from sealink.doctor.conformance import chat, chat_tools, exchanges, messages, models, responses_api, transport
from sealink.doctor.conformance.rule import PLAIN, Rule, Transcript, Unanswered
from sealink.doctor.margin import show_beside
from sealink.doctor.progress import progress
from sealink.doctor.session import Session
from sealink.doctor.verdict import EXIT_CODES, NO_TIME
from sealink.errors import SealinkError

Outcome = Literal["pass", "fault", "not applicable"]

_MARKS: Final[dict[Outcome, tuple[str, str]]] = {
    "pass": ("✓", "green"),
    "fault": ("✗", "red"),
    "not applicable": ("?", "dim"),
}
_INDENT: Final = 21
_NOT_OFFERED: Final = (404, 405, 501)


class Score(msgspec.Struct, frozen=True):
    """What became of one rule. `api` is the path or topic it belongs to; `fault` says what is wrong, or why the rule
    does not apply."""

    api: str
    rule: str
    says: str
    outcome: Outcome
    fault: str = ""


class Api(msgspec.Struct, frozen=True):
    """An API: where it is, what is asked, and the rules of its answers. One that `may_be_missing` is not judged where
    the endpoint does not offer it."""

    path: str
    ask: Callable[[Session], Awaitable[Transcript]]
    rules: tuple[Rule, ...]
    may_be_missing: bool = True


APIS: Final = (
    Api(
        "/chat/completions",
        exchanges.chat,
        (*transport.RULES, *chat.RULES, *chat_tools.RULES),
        may_be_missing=False,
    ),
    Api("/messages", exchanges.messages, (*transport.RULES, *messages.RULES)),
    Api("/responses", exchanges.responses_api, (*transport.RULES, *responses_api.RULES)),
)

WAYS: Final[tuple[tuple[Check[Any], str], ...]] = (
    (buffering.CHECK, "bytes go out as soon as a whole frame is in: nothing is held back"),
    (compression.CHECK, "a stream is never compressed"),
    (leaving.CHECK, "when the client leaves, the model's connection is closed"),
    (heartbeats.CHECK, "signs of life come while the model is silent"),
)
"""Rules of how streams travel, which the checks of a diagnosis judge."""


async def scores(session: Session, ways: Sequence[tuple[Check[Any], str]] = WAYS) -> AsyncIterator[Score]:
    """The scores of an endpoint, as they are found. Of the ways those that only wait are tried beside the rest. What is
    not done within the plan's `conformance_limit_s` is not judged."""
    until_s = asyncio.get_running_loop().time() + session.plan.conformance_limit_s - session.opened_in_s
    waiting = [asyncio.create_task(_travel(session, check, says, until_s)) for check, says in ways if check.is_quiet]
    try:
        async for score in _of_apis(session, until_s):
            yield score
        for check, says in ways:
            if not check.is_quiet:
                yield await _travel(session, check, says, until_s)
        for task in waiting:
            yield await task
    finally:
        for task in waiting:
            task.cancel()


async def _of_apis(session: Session, until_s: float) -> AsyncIterator[Score]:
    offered = []
    for api in APIS:
        found = await _of_api(session, api, until_s)
        if len(found) == len(api.rules):
            offered.append(api.path)
        for score in found:
            yield score
    rules = (*models.OPENAI_RULES, *(models.ANTHROPIC_RULES if "/messages" in offered else ()))
    for score in await _of_api(session, Api("/models", exchanges.models, rules, may_be_missing=False), until_s):
        yield score


async def _of_api(session: Session, api: Api, until_s: float) -> list[Score]:
    """The scores of all of its rules; a single one where it is not judged."""
    try:
        async with asyncio.timeout_at(until_s):
            transcript = await api.ask(session)
    except TimeoutError:
        return [Score(api.path, "judged", "the API is judged", "not applicable", NO_TIME)]
    plain = transcript.exchanges.get(PLAIN)
    if api.may_be_missing and plain is not None and plain.status in _NOT_OFFERED:
        return [Score(api.path, "offered", "the API is offered", "not applicable", "it is not offered here")]
    return [judged(api.path, rule, transcript) for rule in api.rules]


def judged(api: str, rule: Rule, transcript: Transcript) -> Score:
    """The score of one rule, of an API or a topic."""
    try:
        fault = rule.judge(transcript)
    except Unanswered as error:
        return Score(api, rule.name, rule.says, "not applicable", f"{error}")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # Rules read what a server has sent: a text where an object must be, for example, is its fault, whichever.
        fault = f"its JSON has another shape: {error}"
    if fault is None:
        return Score(api, rule.name, rule.says, "not applicable", "nothing to look at")
    return Score(api, rule.name, rule.says, "fault" if fault else "pass", fault)


async def _travel(session: Session, check: Check[Any], says: str, until_s: float) -> Score:
    try:
        async with asyncio.timeout_at(until_s):
            verdict = check.verdict(await check.probe(session), session.way)
    except TimeoutError:
        return Score("streams", check.name, says, "not applicable", NO_TIME)
    except SealinkError as error:
        return Score("streams", check.name, says, "not applicable", error.message)
    if EXIT_CODES[verdict.level]:
        return Score("streams", check.name, says, "fault", verdict.words)
    is_known = verdict.level == "ok"
    return Score(
        "streams", check.name, says, "pass" if is_known else "not applicable", "" if is_known else verdict.words
    )


async def judge(session: Session, *, as_json: bool) -> int:
    """Print the scorecard of a session that is open. Returns 0 if there is no fault, else 2. Raises SealinkError."""
    found: list[Score] = []
    console = Console()
    if not as_json:
        console.print(plain(f"{session.url}, model {session.model}"), markup=False, highlight=False, soft_wrap=True)
    with progress(console, as_json=as_json) as status:
        async for score in scores(session):
            if not as_json:
                _show(console, score, is_first=not found or found[-1].api != score.api)
            found.append(score)
            status.update(f"{len(found)} rules are judged; at most {session.plan.conformance_limit_s:.0f} s in all")
    code = exit_code(found)
    if as_json:
        print(msgspec.json.encode(_as_json(session, found, code)).decode())
    else:
        console.print(f"\n{_summary(found)}", markup=False, highlight=False)
    return code


def exit_code(found: Sequence[Score]) -> int:
    """0: all rules are kept. 2: some are not."""
    return 2 if any(score.outcome == "fault" for score in found) else 0


def _show(console: Console, score: Score, *, is_first: bool) -> None:
    if is_first:
        console.print(f"\n{score.api}", style="bold", markup=False, highlight=False)
    mark, style = _MARKS[score.outcome]
    paragraphs = [Text(score.says)]
    if score.fault:
        words = plain(score.fault)
        paragraphs.append(Text(f"found: {words}" if score.outcome == "fault" else f"({words})", style=style))
    show_beside(console, Text(f"{mark} {score.rule}", style=style), _INDENT, paragraphs)


def _summary(found: Sequence[Score]) -> str:
    kept = sum(score.outcome == "pass" for score in found)
    faults = sum(score.outcome == "fault" for score in found)
    return f"{kept} of {kept + faults} rules are kept; {len(found) - kept - faults} do not apply."


def _as_json(session: Session, found: Sequence[Score], code: int) -> dict[str, object]:
    return {
        "url": session.url,
        "model": session.model,
        "simulated": session.is_sim,
        "exit_code": code,
        "rules": [msgspec.to_builtins(score) for score in found],
    }
