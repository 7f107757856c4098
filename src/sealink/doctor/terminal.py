"""A diagnosis in a terminal: verdicts as they are made, the lines to change, a picture of the arrivals; or JSON."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.text import Text

from sealink.benchmark.plain_text import plain
from sealink.benchmark.terminal import chart
from sealink.doctor.checks import CHECKS, LONG_CHECKS
from sealink.doctor.conformance.scorecard import judge
from sealink.doctor.diagnosis import diagnose, exit_code
from sealink.doctor.margin import show_beside
from sealink.doctor.plan import Plan
from sealink.doctor.progress import progress
from sealink.doctor.session import Session
from sealink.doctor.tokens import tokens_of
from sealink.doctor.verdict import Finding, Level
from sealink.errors import SealinkError
from sealink.net.client import UpstreamPool

_MARKS: Final[dict[Level, tuple[str, str]]] = {
    "ok": ("✓", "green"),
    "fact": ("·", "default"),
    "untested": ("?", "dim"),
    "warning": ("!", "yellow"),
    "failure": ("✗", "red"),
}
_SUMMARIES: Final = {
    0: "Streams pass as they are sent.",
    1: "Streams pass, with warnings.",
    2: "Streams are broken on the way.",
}
_CANNOT_EXAMINE: Final = 2
_INDENT: Final = 16


async def run(url: str, key: str, model: str, plan: Plan, *, as_json: bool, is_long: bool, is_conformance: bool) -> int:
    """Examine an endpoint and print what is found. Returns the exit code: 0 green, 1 warnings, 2 streams or rules are
    broken, or nothing could be examined."""
    pool = UpstreamPool()
    session = Session(url, key, plan, pool)
    try:
        await session.open(model)
        if is_conformance:
            return await judge(session, as_json=as_json)
        return await _diagnose(session, as_json=as_json, is_long=is_long)
    except SealinkError as error:
        _say_why_not(error.message, as_json=as_json)
        return _CANNOT_EXAMINE
    finally:
        await pool.close()


async def _diagnose(session: Session, *, as_json: bool, is_long: bool) -> int:
    findings = await _examine(session, as_json=as_json, is_long=is_long)
    if as_json:
        print(msgspec.json.encode(_as_json(session, findings)).decode())
    else:
        _show_end(session, findings)
    return exit_code(findings)


def _say_why_not(message: str, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode({"exit_code": _CANNOT_EXAMINE, "error": message, "checks": []}).decode())
    else:
        Console(stderr=True, soft_wrap=True).print(
            f"error: {plain(message)}", style="red", markup=False, highlight=False
        )


async def _examine(session: Session, *, as_json: bool, is_long: bool) -> list[Finding]:
    checks = [*CHECKS, *(LONG_CHECKS if is_long else ())]
    limit_s = session.plan.limit_s - session.opened_in_s + (session.plan.long_silence_s if is_long else 0)
    console = Console()
    if not as_json:
        _print(console, plain(f"{session.url}, model {session.model}") + (", simulated" if session.is_sim else ""))
        _print(console, f"in between: {session.way.names or 'nothing that says its name'}\n")
    findings: list[Finding] = []
    with progress(console, as_json=as_json) as status:
        async for finding in diagnose(session, checks, limit_s):
            findings.append(finding)
            if not as_json:
                _show(console, finding)
            status.update(f"{len(findings)} of {len(checks)} checks are done; at most {limit_s:.0f} s in all")
    return findings


def _show(console: Console, finding: Finding) -> None:
    verdict = finding.verdict
    mark, style = _MARKS[verdict.level]
    paragraphs = [Text(plain(verdict.words))]
    if verdict.change:
        paragraphs.append(Text(f"change: {plain(verdict.change)}", style="bold"))
    show_beside(console, Text(f"{mark} {finding.check}", style=style), _INDENT, paragraphs)


def _show_end(session: Session, findings: Sequence[Finding]) -> None:
    console = Console()
    if session.paced_stream is not None:
        _print(console, "\n" + picture(session))
    _print(console, "\n" + _SUMMARIES[exit_code(findings)])


def picture(session: Session) -> str:
    """When tokens were sent, where that is known, and when they came: two lines of bars over the same time."""
    stream = session.paced_stream
    assert stream is not None
    tokens = tokens_of(stream)
    came_s = [token.arrived_s for token in tokens] or [chunk.at_s for chunk in stream.chunks]
    sent_s = [token.sent_s for token in tokens]
    top = max([*came_s, *sent_s], default=0.0)
    lines = [f"tokens over {top:.1f} s"]
    lines += [f"{'sent':<{_INDENT}}{chart(sent_s, top)}"] if sent_s else []
    return "\n".join([*lines, f"{'came':<{_INDENT}}{chart(came_s, top)}"])


def _print(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def _as_json(session: Session, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "url": session.url,
        "model": session.model,
        "simulated": session.is_sim,
        "in_between": [each.name for each in session.way.intermediaries],
        "exit_code": exit_code(findings),
        "checks": [{"name": each.check, **msgspec.to_builtins(each.verdict)} for each in findings],
    }
