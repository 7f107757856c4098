"""Pictures of the console's pages at three widths, in light and dark, of a SeaLink that has had some requests and has
some streams: `make screenshots`. Two of them are in README.

    python -m console.screenshots FOLDER [--readme FOLDER]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page

from acceptance.plain_http import chat_stream
from console.browser import Console, chromium, running
from console.many_requests import fill, requests
from sealink.ledger.requests_table import RequestsTable
from sealink.webhooks.events import event
from sealink.webhooks.outbox import Outbox
from sealink.webhooks.settings import WebhookSettings
from webhook_receiver import SECRET

WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")
REQUESTS = 6000
HEIGHT = 800
WEBHOOKS = ("billing?token=secret", "pager")
CONFIG = f"""
[server]
port = 0
[admin.oidc]
issuer = "https://id.example.com"
client_id = "sealink"
allowed_emails = ["*@example.com"]
[[webhooks]]
url = "http://127.0.0.1:9/billing?token=secret"
secret = "{SECRET}"
events = ["usage.created", "budget.*"]
[[webhooks]]
url = "http://127.0.0.1:9/pager"
secret = "{SECRET}"
events = ["target.*", "key.*"]
max_attempts = 1
[console]
public = true
[[providers]]
name = "claude-sim"
dialect = "sim"
tokens_per_s = 12
ttft_s = 0.4
[[providers]]
name = "gpt-sim"
dialect = "sim"
tokens_per_s = 20
ttft_s = 0.3
[[providers]]
name = "vllm"
dialect = "openai"
base_url = "http://127.0.0.1:9/v1"
api_key = "none"
[[models]]
id = "claude-sonnet-4-5"
targets = [{{ provider = "claude-sim", model = "sealink/sim" }}]
[[models]]
id = "gpt-5.5"
targets = [{{ provider = "vllm", model = "gpt-5.5" }}, {{ provider = "gpt-sim", model = "sealink/sim" }}]
[[prices]]
provider = "vllm"
input_usd_per_mtok = 0.2
output_usd_per_mtok = 0.6
[[teams]]
name = "acme"
budget_usd = 500
budget_period = "month"
[[keys]]
name = "acme/chat"
key = "sk-chat"
team = "acme"
requests_per_minute = 300
tokens_per_minute = 500000
budget_usd = 400.0
budget_period = "month"
[[keys]]
name = "dev/cli"
key = "sk-cli"
models = ["gpt-*"]
"""
STREAMS = (("sk-chat", "claude-sonnet-4-5"), ("sk-cli", "gpt-5.5"), ("sk-chat", "claude-sonnet-4-5"))


@contextmanager
def streams(console: Console) -> Iterator[None]:
    """Some that run for as long as a picture takes."""
    with ExitStack() as stack:
        for secret, model in STREAMS:
            request = {"model": model, "max_tokens": 20_000, "messages": [{"role": "user", "content": "Hi"}]}
            stack.enter_context(chat_stream(console.process.port, request, secret)).read(100)
            time.sleep(0.7)  # so that they are of different ages
        yield


def fill_more(store: Path) -> None:
    """Requests of a key that had better stream, and messages that no webhook takes."""
    row = {**next(requests(1, datetime.now(UTC))), "key": "dev/cli", "streamed": False, "ended": "done"}
    table = RequestsTable(f"sqlite:///{store}", timeout_s=10)
    table.insert([{**row, "duration_ms": 75_000.0, "request_id": f"req_whole_{number}"} for number in range(30)])
    table.close()
    outbox = Outbox(f"sqlite:///{store}")
    endpoints = [WebhookSettings(url=f"http://127.0.0.1:9/{path}", secret=SECRET) for path in WEBHOOKS]
    outbox.add([event("target.down", {"model": "gpt-5.5"}), event("key.created", {"name": "dev/cli"})], endpoints)
    outbox.close()


def ask_playground(page: Page) -> None:
    page.get_by_label("Compare with").fill("gpt-5.5")
    page.get_by_role("button", name="Send").click()
    page.locator(".answer").last.wait_for()
    page.wait_for_timeout(1500)


def look_live(console: Console, page: Page, file: Path) -> None:
    page.goto(f"{console.url}/live")
    page.wait_for_timeout(1500)
    page.screenshot(path=file)


def sign_in_as_holder(page: Page) -> None:
    page.get_by_label("API key").fill("sk-chat")
    page.get_by_role("button", name="Look").click()
    page.locator("#inside").wait_for()


def shoot(console: Console, page: Page, width: int, scheme: str, folder: Path) -> None:
    """All pages in one look."""
    waterfall = "/requests/req_0000000000000000000000000000001c"
    pages = {
        "overview": "/?range=7d",
        "live": "/live",
        "requests": "/requests",
        "request": waterfall,
        "slow": "/requests/req_whole_1",
        "keys": "/keys",
        "key": "/keys/dev%2Fcli",
        "new-key": "/new-key",
        "usage": "/usage",
        "models": "/models",
        "playground": "/playground?model=claude-sonnet-4-5",
        "settings": "/settings?check=1",
    }
    for name, path in pages.items():
        if name == "live":
            with streams(console):
                look_live(console, page, folder / f"{name}-{width}-{scheme}.png")
            continue
        page.goto(f"{console.url}{path}")
        if name == "playground":
            ask_playground(page)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    page.goto(f"{console.process.url}/console")
    sign_in_as_holder(page)
    page.screenshot(path=folder / f"holder-{width}-{scheme}.png", full_page=True)


def shoot_for_readme(console: Console, browser: Browser, folder: Path) -> None:
    """The overview in light and the open streams in dark, as small files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scheme, height in (("overview", "light", 770), ("live", "dark", 330)):
        context = browser.new_context(viewport={"width": 1100, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        console.sign_in(page)
        file = folder / f"console-{name}.png"
        if name == "live":
            with streams(console):
                look_live(console, page, file)
        else:
            page.goto(f"{console.url}/?range=7d")
            page.screenshot(path=file)
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", type=Path, help="a folder for the two of README")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sealink-screenshots-")))
        fill(data / "sealink.db", REQUESTS, datetime.now(UTC))
        fill_more(data / "sealink.db")
        console = stack.enter_context(running(data, CONFIG))
        browser = stack.enter_context(chromium())
        if arguments.readme:
            shoot_for_readme(console, browser, arguments.readme)
        for width in WIDTHS:
            for scheme in SCHEMES:
                context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
                page = context.new_page()
                page.goto(f"{console.url}/login")
                page.screenshot(path=arguments.folder / f"login-{width}-{scheme}.png", full_page=True)
                console.sign_in(page)
                shoot(console, page, width, scheme, arguments.folder)
                context.close()
    print(f"{len(list(arguments.folder.glob('*.png')))} pictures in {arguments.folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
