"""What other gateways and clients got wrong, as small cases (../shared/faults), through a real SeaLink.

    pytest tests/acceptance/test_faults.py [--faults DIR]

Each case is one model of one `sealink serve`, and each thing that its `expected.json` names is a test of its own: what
a stock client reads, the answer without an SDK (`raw`), what the upstream was sent, the row in the ledger. What is
known to fail stands in KNOWN_FAULTS: a line that is no longer needed fails its test.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from acceptance.fault_cases import CHECKS, DEFAULT_FOLDER, FaultCase, FaultTarget, Fields, at_pointer, load, mismatches
from acceptance.house import House
from acceptance.plain_http import PlainAnswer, frames_of, post
from acceptance.readings import Choice, Failure, Reading
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.stock_clients import readers
from acceptance.usage_rows import settled_rows
from dialects import CLIENTS
from outside import absent
from replay import Answer, ReplayingUpstream, Request

TARGET_HEADER = "x-fault-target"
"""Each target's provider sends its own name in it, so that the upstream knows which answer is asked for."""

KNOWN_FAULTS: dict[str, str] = {}
"""What fails, by the test's id, and why."""


class Check(NamedTuple):
    """One thing that a case's `expected.json` names."""

    case: FaultCase
    name: str

    @property
    def id(self) -> str:
        return f"{self.case.id}-{self.name}"


class PlainExchange(NamedTuple):
    """An answer without an SDK, and the last request that the upstream got for it."""

    answer: PlainAnswer
    sent: Request | None


def cases_of(config: pytest.Config) -> list[FaultCase]:
    return load(map(Path, config.getoption("--faults") or [DEFAULT_FOLDER]))


def checks_of(cases: list[FaultCase]) -> list[Check]:
    return [Check(case, name) for case in cases for name in case.expected]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "check" in metafunc.fixturenames:
        metafunc.parametrize("check", [as_parameter(check) for check in checks_of(cases_of(metafunc.config))])


def as_parameter(check: Check) -> Any:
    reason = KNOWN_FAULTS.get(check.id)
    return pytest.param(check, id=check.id, marks=[pytest.mark.xfail(reason=reason, strict=True)] if reason else [])


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> list[FaultCase]:
    return cases_of(request.config) or absent("no fault cases in ../shared/faults, or in the folder of --faults")


class Gateway:
    """SeaLink with every case as a model of its own, and what came of each request to it.

    Each case's request to its `path` is sent once without an SDK; `raw`, `sent` and `row` look at that.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._response: Any = None
        self._headers: dict[str, str] = {}
        self._plain: dict[str, PlainExchange] = {}
        self.hooks = {"request": [self._add_headers], "response": [self._keep_response]}

    def result(self, case: FaultCase, name: str) -> Fields:
        """What there is to compare with this key of `expected.json`."""
        if name in CLIENTS:
            return self._read_by(case, name)
        if name == "row":
            return self._row(case)
        answer, sent = self._asked(case)
        return raw(answer) if name == "raw" else {} if sent is None else {"path": sent.path, "body": sent.json}

    def _read_by(self, case: FaultCase, client: str) -> Fields:
        """What the stock client makes of it."""
        self._headers, self._response = {} if case.has_own_request(client) else case.request_headers, None
        with readers(self._house.sealink.url, hooks=self.hooks) as read:
            return told(client, read[client](case.request(client)), self._response)

    def _asked(self, case: FaultCase) -> PlainExchange:
        if case.id not in self._plain:
            before = len(self._house.upstream.exchanges)
            answer = post(self._house.sealink.port, case.path, case.body, more_headers=case.request_headers)
            exchanges = self._house.upstream.exchanges[before:]
            self._plain[case.id] = PlainExchange(answer, exchanges[-1].request if exchanges else None)
        return self._plain[case.id]

    def _row(self, case: FaultCase) -> Fields:
        request_id = self._asked(case).answer.headers.get("x-sealink-request-id")
        _, rows = settled_rows(self._house.sealink.folder)
        return next((row for row in rows if row["request_id"] == request_id), {})

    def _add_headers(self, request: Any) -> None:
        request.headers.update(self._headers)

    def _keep_response(self, response: Any) -> None:
        self._response = response


@pytest.fixture(scope="module")
def gateway(cases: list[FaultCase], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with house_of(cases, tmp_path_factory.mktemp("faults")) as running:
        yield Gateway(running)


@contextmanager
def house_of(cases: list[FaultCase], folder: Path) -> Iterator[House]:
    targets = [target for case in cases for target in case.targets]
    names = {target: f"target-{number}" for number, target in enumerate(targets)}
    by_name = {name: target for target, name in names.items()}

    def answer(request: Request) -> Answer:
        return by_name[request.headers[TARGET_HEADER]].answer(request)

    with (
        ReplayingUpstream(answer) as upstream,
        SealinkProcess(config_of(cases, names, upstream.url), folder) as sealink,
    ):
        yield House(upstream, sealink)


def config_of(cases: list[FaultCase], names: dict[FaultTarget, str], upstream_url: str) -> str:
    """The sealink.toml: a model for each case, a provider for each target."""
    parts = [f'[[keys]]\nname = "tests"\nkey = "{KEY}"']
    parts += [provider_of(target, name, upstream_url) for target, name in names.items()]
    for case in cases:
        targets = ", ".join(table(provider=names[each], model=each.provider["model"]) for each in case.targets)
        parts.append(f"[[models]]\nid = {json.dumps(case.model)}\ntargets = [{targets}]")
    return "\n\n".join(parts) + "\n"


def provider_of(target: FaultTarget, name: str, upstream_url: str) -> str:
    settings = {key: value for key, value in target.provider.items() if key not in ("model", "base_url")}
    settings |= {"name": name, "api_key": "sk-upstream"}
    settings["base_url"] = upstream_url + target.provider.get("base_url", "")
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["[[providers]]", *lines, f"headers = {table(**{TARGET_HEADER: name})}"])


def table(**values: str) -> str:
    return "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items()) + " }"


def test_an_answer_is_right(gateway: Gateway, check: Check) -> None:
    found = faults(gateway, check.case, check.name, check.case.expected[check.name])
    assert not found, "\n" + "\n".join(found)


def test_no_known_fault_is_without_its_case(cases: list[FaultCase], request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--faults"):
        assert KNOWN_FAULTS.keys() <= {check.id for check in checks_of(cases)}


def faults(gateway: Gateway, case: FaultCase, name: str, want: Any) -> list[str]:
    """What is not as this key of `expected.json` says, in words."""
    if name == "any":
        return faults_of_all(gateway, case, want)
    assert name in CHECKS, f"{case.folder}: expected.json names {name!r}"
    got = gateway.result(case, name)
    if name == "sent":
        return list(sent_faults(want, got))
    answer_rules = {} if name == "row" else {"status": 200, "error": {"$absent": True}}
    if name == "raw":
        del answer_rules["error"]
    return [f"{name}{found}" for found in mismatches({**answer_rules, **want}, got, got.get("body", got))]


def faults_of_all(gateway: Gateway, case: FaultCase, alternatives: list[Fields]) -> list[str]:
    """Nothing if one of the alternatives holds, else what is wrong with each."""
    wrong = []
    for number, alternative in enumerate(alternatives, 1):
        found = [fault for name, want in alternative.items() for fault in faults(gateway, case, name, want)]
        if not found:
            return []
        wrong += [f"alternative {number}: {fault}" for fault in found]
    return wrong


def sent_faults(want: Fields, got: Fields) -> Iterator[str]:
    if not got:
        yield "sent: the upstream was not asked"
        return
    body = got["body"]
    for pointer, value in want.items():
        stands = got["path"] if pointer == "path" else at_pointer(body, pointer)
        yield from mismatches(value, stands, body, f"sent {pointer}")


def told(client: str, reading: Reading, response: Any) -> Fields:
    """A stock client's reading, under the names of `expected.json`."""
    choice = reading.choices.get(0, Choice())
    result = {
        "status": response.status_code,
        "headers": dict(response.headers),
        "text": choice.text,
        "thinking": choice.reasoning,
        "calls": [[call.name, call.arguments] for call in choice.tool_calls],
        "ids": [call.id for call in choice.tool_calls],
        "finish": choice.finish_reason if client == "chat" else reading.finish,
        "stop_sequence": reading.stop_sequence,
    }
    if reading.usage is not None:
        result["usage"] = reading.usage
    if reading.failure is not None:
        result["error"] = error_object(reading.failure)
    return result


def error_object(failure: Failure) -> Fields:
    """Anthropic's SDK hands on the whole body, OpenAI's the object in it."""
    error = failure.body.get("error", failure.body) if isinstance(failure.body, dict) else None
    return error if isinstance(error, dict) else {"message": failure.message}


def raw(answer: PlainAnswer) -> Fields:
    """An answer as it is on the wire."""
    result: Fields = {"status": answer.status, "headers": answer.headers}
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        if frames := frames_of(answer.body):
            result["last_event"] = parsed(frames[-1])
    else:
        result["body"] = parsed(answer.body)
    return result


def parsed(body: bytes) -> Any:
    """As JSON; what is none is a text."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
