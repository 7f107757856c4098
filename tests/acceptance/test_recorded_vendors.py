"""Recorded streams through their own vendor's record: its address, its key's header, its profile. A few of each
vendor's, in full all.

The upstream replays; it is asked on the path that the vendor's address has, which must be the recorded one.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from acceptance.expectations import through_sealink
from acceptance.readings import differences
from acceptance.sealink_process import SealinkProcess
from acceptance.stock_clients import readers
from acceptance.test_recorded_traffic import EXCEPTIONS, replay_of
from dialects import ASKED, DIALECTS
from recordings import Case
from replay import ReplayingUpstream
from sealink.providers import VENDORS
from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

RECORDED_UNDER = {
    "anthropic-azure": "azure",
    "anthropic-vertex": "vertex",
    "gemini-openai": "gemini",
    "gemini-vertex": "vertex",
    "openai-chat": "openai",
    "openai-responses": "openai",
}
"""Recordings' names for a vendor that is reached in one of its several ways."""

SETTINGS = {"region": "global", "project": "PROJECT", "resource": "mine", "account": "mine", "host": "vertex.test"}
KEY = "sk-of-the-vendor"
OF_EACH = 3

OTHER_PATHS = {
    ("gemini", "openai"): "only what stands behind the base URL was kept",
    ("gpustack", "openai"): "only its users know where it is",
    ("litellm-proxy", "openai"): "only its users know where it is",
}
"""(Vendor, dialect) none of whose streams was recorded at the path that its address has, and why."""


def vendor_of(case: Case) -> Vendor | None:
    name = case.id.split("/")[0]
    return VENDORS.get(RECORDED_UNDER.get(name, name))


def address_of(case: Case) -> Profile | None:
    vendor = vendor_of(case)
    return vendor.profile(DIALECTS[case.api]) if vendor is not None else None


def provider_of(case: Case) -> str:
    vendor, address = vendor_of(case), address_of(case)
    assert vendor
    assert address
    return f"{vendor.name} {address.dialect}"


@pytest.fixture(scope="module")
def streams(recorded: list[Case], full: bool) -> list[Case]:
    """Those of vendors that speak this dialect today."""
    found = [case for case in recorded if case.kind == "stream" and case.api in DIALECTS and address_of(case)]
    return found if full else list(some(found))


def some(cases: list[Case]) -> Iterator[Case]:
    """The first few that were recorded at each path of each provider's."""
    seen: Counter[tuple[str, str]] = Counter()
    for case in cases:
        place = case.id.split("/")[0], plain(case.meta["endpoint"])
        seen[place] += 1
        if seen[place] <= OF_EACH:
            yield case


def config_of(cases: Iterable[Case], upstream_url: str) -> str:
    """A provider for each vendor and dialect, at the path of the vendor's own address; a model for each case."""
    providers = {provider_of(case): (vendor_of(case), address_of(case)) for case in cases}
    tables = []
    for name, (vendor, address) in providers.items():
        assert vendor
        assert address
        path = urlsplit(address.base_url.format_map(SETTINGS)).path or ("" if address.base_url else "/v1")
        tables.append(
            f'[[providers]]\nname = "{name}"\nvendor = "{vendor.name}"\ndialect = "{address.dialect}"\n'
            f'base_url = "{upstream_url}{path}"\napi_key = "{KEY}"\n'
        )
    tables += [
        f'[[models]]\nid = "{case.id}"\ntargets = [{{ provider = "{provider_of(case)}", model = "{case.id}" }}]\n'
        for case in cases
    ]
    return "\n".join(tables)


@contextmanager
def line(cases: list[Case], folder: Path) -> Iterator[tuple[SealinkProcess, ReplayingUpstream]]:
    with ReplayingUpstream(replay_of(cases)) as upstream, SealinkProcess(config_of(cases, upstream.url), folder) as it:
        yield it, upstream


def test_streams_come_through_their_vendors_record(
    streams: list[Case], tmp_path: Path, report: Callable[[str], None]
) -> None:
    with line(streams, tmp_path) as (sealink, upstream), readers(sealink.url) as read, ThreadPoolExecutor(8) as pool:
        asked = [{"model": case.id, "messages": ASKED, "stream": True} for case in streams]
        readings = list(pool.map(read["chat"], asked))
        sent = {exchange.request.model: exchange.request for exchange in upstream.exchanges}
    wrong: dict[str, list[str]] = {}
    reached: dict[tuple[str, str], set[bool]] = {}
    for case, reading in zip(streams, readings, strict=True):
        expected = through_sealink("chat", case)
        expected.usage = expected.tokens = None  # they were not asked for
        wrong[case.id] = differences(expected, reading)
        address, vendor, request = address_of(case), vendor_of(case), sent[case.id]
        assert address
        assert vendor
        key = (vendor.name, address.dialect)
        reached.setdefault(key, set()).add(plain(case.meta["endpoint"]) == plain(request.path))
        for name, value in address.headers(KEY):
            if request.headers.get(name) != value:
                wrong[case.id].append(f"header {name}: {request.headers.get(name)}")
    failed = {name: why for name, why in wrong.items() if why and ("chat", name) not in EXCEPTIONS}
    assert not failed, failed
    elsewhere = {key for key, found in reached.items() if True not in found}
    assert elsewhere == OTHER_PATHS.keys() & reached.keys()
    report(f"{len(streams)} recorded streams through {len(reached)} records (vendor and dialect)")


def plain(path: str) -> str:
    """A path but for the model in it, and what stands behind the question mark."""
    return re.sub(r"(/models?/).*?(:\w+|/converse(?:-stream)?)?$", r"\1MODEL\2", unquote(urlsplit(path).path))
