"""A headless Chromium, driven by Playwright; and a SeaLink whose console it looks at."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from acceptance.sealink_process import SealinkProcess, simulated
from outside import node_with_packages, program
from waiting import until

CONFIG = f"""
[server]
port = 0
{simulated("sealink/sim")}{simulated("sealink/slow", "slow", tokens_per_s=20)}
[[keys]]
name = "file"
key = "sk-of-the-file"
requests_per_minute = 1000
[[keys]]
name = "somebody-else"
key = "sk-of-somebody-else"
[console]
public = true
"""
PATIENCE_S = 20.0
FOLDER = Path(__file__).parent
_OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]  # as root, in a container


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. The test ends here where there is none."""
    path = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """The console of a running SeaLink, as a browser or a program asks it."""

    def __init__(self, process: SealinkProcess) -> None:
        until(lambda: "console: " in process.log, lambda: process.log, within_s=PATIENCE_S)
        self.process = process
        (self.port,) = map(int, re.findall(r"console: http://127\.0\.0\.1:(\d+)/", process.log))
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = (process.folder / "admin-token").read_text().strip()

    def sign_in(self, page: Page, path: str = "/") -> None:
        """As a person does."""
        page.goto(f"{self.url}{path}")
        page.get_by_label("Admin token").fill(self.token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.url}{path}")

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, source: str = "", **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers (several cookies in one) and text of an answer. `source` is the address that asks."""
        here = (source, 0) if source else None
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S, source_address=here)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None
        if form is not None:
            body, sent["content-type"] = urlencode(form), "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            fields: dict[str, str] = {}
            for name, value in answer.getheaders():
                fields[name.lower()] = f"{fields[name.lower()]}\n{value}" if name.lower() in fields else value
            return answer.status, fields, answer.read().decode()
        finally:
            connection.close()


def watch_for_errors(context: BrowserContext) -> list[str]:
    """What any page of the context says on its console as an error, or throws; and what the policy has blocked."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        is_refusal = message.location["url"].endswith("/playground")  # a browser logs each status of 400 or more
        if message.type == "error" and not is_refusal:
            found.append(message.text)

    def watch(page: Page) -> None:
        page.on("console", note)
        page.on("pageerror", lambda error: found.append(str(error)))

    context.on("page", watch)
    return found


def serious_faults(page: Page) -> list[str]:
    """What axe-core finds on a page that keeps people out: https://github.com/dequelabs/axe-core"""
    node_with_packages(FOLDER)
    script = (FOLDER / "node_modules/axe-core/axe.min.js").read_text()
    page.evaluate(script)  # not by a script element, which the page's policy would refuse
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{page.url}: {each['id']}: {each['help']}: {node['html'][:160]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@contextmanager
def running(folder: Path, config: str = CONFIG) -> Iterator[Console]:
    """A SeaLink with its console."""
    with SealinkProcess(config, folder) as process:
        yield Console(process)
