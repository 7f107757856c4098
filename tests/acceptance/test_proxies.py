"""Real proxies in front of SeaLink, configured as docs/proxies/ has it: of the usual configuration doctor names what is
wrong, of the recommended one there is nothing to name.

All run at the same time, and the configurations are read from the pages, so that the pages are what is tested.
"""

import asyncio
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from acceptance.sealink_process import KEY, START_S, SealinkProcess, free_port, simulated
from doctor.test_broken_ways import AT_A_TIME, SHORT, diagnosed
from doctor.ways import serving
from outside import program
from sealink.doctor.checks import CHECKS
from sealink.doctor.verdict import Finding, Level
from sealink.sim import SimSettings, sim_handler

PAGES = Path(__file__).parents[2] / "docs" / "proxies"
USUAL, FOR_STREAMS = "As usual", "For streams"
PAGE_PORT, PAGE_UPSTREAM = "8080", "127.0.0.1:4000"

CONFIG = f"""
[heartbeat]
grace_s = 0.4
interval_s = 0.4
[[keys]]
name = "tests"
key = "{KEY}"
{simulated("sealink/sim", "simulated", ttft_s=0.01)}"""

NGINX = """
daemon off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {page}
}}
"""
APACHE = """
ServerRoot /usr/lib/apache2
ServerName localhost
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
ErrorLog {folder}/log
Mutex file:{folder} default
Listen 127.0.0.1:{port}
{modules}
{page}
"""
APACHE_MODULES = ("mpm_event", "authz_core", "proxy", "proxy_http", "filter", "deflate", "setenvif", "reqtimeout")


class ProxyProgram(NamedTuple):
    """A real proxy: its program, the arguments that name its config, the config around that of the page, and the lines
    of the page that say where it listens, with what they become: on loopback only."""

    program: str
    arguments: tuple[str, ...]
    around: str
    listens: tuple[str, str]


PROXIES = {
    "nginx": ProxyProgram(
        "nginx", ("-p", "{folder}", "-c", "config"), NGINX, ("listen 8080;", "listen 127.0.0.1:{port};")
    ),
    "haproxy": ProxyProgram("haproxy", ("-f", "{folder}/config"), "{page}", ("bind :8080", "bind 127.0.0.1:{port}")),
    "apache": ProxyProgram(
        "apache2", ("-DFOREGROUND", "-f", "{folder}/config"), APACHE, ("*:8080", "127.0.0.1:{port}")
    ),
    "caddy": ProxyProgram(
        "caddy",
        ("run", "--adapter", "caddyfile", "--config", "{folder}/config"),
        "{{\n\tadmin off\n\tauto_https off\n}}\n{page}",
        (":8080 {", ":{port} {\n\tbind 127.0.0.1"),
    ),
}


class Case(NamedTuple):
    """One configuration before SeaLink, or before a simulated model that does not send SeaLink's headers; what is
    wrong with it, and the words that tell."""

    proxy: str
    section: str
    upstream: str
    wrong: dict[str, str]
    words: str = ""


SEALINK, BARE = "SeaLink", "a model without SeaLink's headers"
CASES = [
    Case("nginx", USUAL, SEALINK, {}),
    Case("nginx", USUAL, BARE, {"buffering": "failure"}, "nginx: proxy_buffering off;"),
    Case("nginx", FOR_STREAMS, SEALINK, {}),
    Case("nginx", FOR_STREAMS, BARE, {}),
    Case("haproxy", USUAL, SEALINK, {"buffering": "failure"}, "HAProxy: option http-no-delay"),
    Case("haproxy", FOR_STREAMS, SEALINK, {}),
    Case("apache", USUAL, SEALINK, {"compression": "warning"}, "Apache httpd: SetEnvIf"),
    Case("apache", FOR_STREAMS, SEALINK, {}),
    Case("caddy", USUAL, SEALINK, {"compression": "failure"}, "Caddy: encode only what is no stream"),
    Case("caddy", FOR_STREAMS, SEALINK, {}),
]


def block(page: str, section: str) -> str:
    """The configuration that stands under a heading of a page."""
    text = (PAGES / f"{page}.md").read_text()
    (found,) = re.findall(rf"^## {section}\n.*?^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(found)


def config_of(case: Case, folder: Path, port: int, upstream: str) -> str:
    proxy = PROXIES[case.proxy]
    page = block(case.proxy, case.section)
    assert page.count(PAGE_UPSTREAM) == page.count(PAGE_PORT) == 1
    listens, instead = proxy.listens
    assert listens in page
    page = page.replace(listens, instead.replace("{port}", str(port))).replace(PAGE_UPSTREAM, upstream)
    modules = "\n".join(f"LoadModule {name}_module modules/mod_{name}.so" for name in APACHE_MODULES)
    return proxy.around.format(page=page, folder=folder, port=port, modules=modules)


@asynccontextmanager
async def running(case: Case, folder: Path, upstream: str) -> AsyncIterator[str]:
    """The proxy of a case before `upstream` (host:port), as a base URL."""
    proxy, port = PROXIES[case.proxy], free_port()
    (folder / "config").write_text(config_of(case, folder, port, upstream))
    command = [program(proxy.program), *(each.format(folder=folder) for each in proxy.arguments)]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        await until_up(process, port, folder / "output")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, START_S)


async def until_up(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    async with asyncio.timeout(START_S):
        while process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
    raise AssertionError(output.read_text())


async def examined(case: Case, folder: Path, upstream: str) -> list[Finding]:
    async with running(case, folder, upstream) as url:
        return await diagnosed(url, CHECKS, SHORT, KEY)


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for proxy in PROXIES.values():
        program(proxy.program)
    with SealinkProcess(CONFIG, tmp_path_factory.mktemp("sealink")) as it:
        yield f"127.0.0.1:{it.port}"


@pytest.fixture(scope="module")
def diagnoses(sealink: str, tmp_path_factory: pytest.TempPathFactory) -> list[list[Finding]]:
    """Of all cases, several at the same time."""

    async def all_of_them() -> list[list[Finding]]:
        places = asyncio.Semaphore(AT_A_TIME)

        async def in_turn(case: Case, upstream: str) -> list[Finding]:
            async with places:
                return await examined(case, tmp_path_factory.mktemp(case.proxy), upstream)

        async with serving(sim_handler(SimSettings(ttft_s=0, tokens_per_s=0))) as bare:
            upstreams = {SEALINK: sealink, BARE: bare.removeprefix("http://")}
            return await asyncio.gather(*(in_turn(case, upstreams[case.upstream]) for case in CASES))

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.proxy}, {case.section}, {case.upstream}")
def test_what_doctor_says_of_it(case: Case, diagnoses: list[list[Finding]], report: Callable[[str], None]) -> None:
    found = diagnoses[CASES.index(case)]
    wrong = {each.check: each.verdict for each in found if each.verdict.level in ("warning", "failure")}
    assert {check: verdict.level for check, verdict in wrong.items()} == case.wrong, wrong
    assert case.words in " ".join(verdict.change for verdict in wrong.values())
    assert not wrong or {check: (verdict.level, verdict.change) for check, verdict in wrong.items()} == shown(
        case.proxy
    )
    said = "; ".join(f"{check}: {verdict.words}" for check, verdict in wrong.items())
    report(f"{case.proxy}, {case.section.lower()}, before {case.upstream}: {said or 'green'}")


def shown(page: str) -> dict[str, tuple[Level, str]]:
    """What a page shows of doctor's output: each check with its level and the line to change."""
    levels: dict[str, Level] = {"!": "warning", "✗": "failure"}
    text = " ".join((PAGES / f"{page}.md").read_text().partition("```text\n")[2].partition("```")[0].split())
    found = re.findall(r"([!✗]) (\w+) [^!✗]*?(?:change: ([^!✗]+))?(?= [!✗]|$)", text)
    return {check: (levels[mark], change) for mark, check, change in found}


def test_every_page_says_whether_it_is_tested() -> None:
    for page in PAGES.glob("*.md"):
        is_tested = page.stem in PROXIES
        assert ("Tested with" in page.read_text(), "**Not tested here**" in page.read_text()) == (
            is_tested,
            not is_tested,
        )
