"""The console in a browser, as a person uses it: by mouse and scripts, and by the keyboard alone."""

import ast
import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest
from playwright.sync_api import Browser, Page, expect

from acceptance.test_keys_in_the_store import in_force_after_s, status_of
from console.browser import PATIENCE_S, Console, chromium, running, serious_faults, watch_for_errors

expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(tmp_path_factory.mktemp("console")) as found:
        yield found


@pytest.fixture
def page(browser: Browser, console: Console) -> Iterator[Page]:
    """A page of somebody who has signed in. In the end no error was logged, and nothing blocked by the policy."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    errors = watch_for_errors(context)
    page = context.new_page()
    console.sign_in(page)
    yield page
    context.close()
    assert not errors


FOCUSED = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"


def stream(console: Console) -> HTTPResponse:
    """A stream that goes on for long."""
    connection = HTTPConnection("127.0.0.1", console.process.port, timeout=PATIENCE_S)
    body = {"model": "sealink/slow", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"authorization": "Bearer sk-of-the-file", "connection": "close"}
    connection.request("POST", "/v1/chat/completions", json.dumps({**body, "max_tokens": 5000}), headers)
    return connection.getresponse()


def press_until(page: Page, label: str) -> None:
    """Tab, until that has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == label:
            return
    raise AssertionError(f"{label!r} is not reached by the keyboard")


def test_a_stream_is_watched_while_it_runs_and_ended_from_the_page(page: Page, console: Console) -> None:
    page.goto(f"{console.url}/live")
    expect(page.get_by_text("Nothing streams now.")).to_be_visible()
    with stream(console) as answer:
        row = page.locator("#streams tbody tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("streaming")
        expect(row).to_contain_text("sealink/slow")
        expect(page.locator("#total")).to_have_text("1")
        tokens = row.locator('[data-f="tokens"]')
        seen = tokens.inner_text()
        expect(tokens).not_to_have_text(seen)  # it goes on
        page.keyboard.press("Escape")
        press_until(page, "End file's stream")
        page.keyboard.press("Enter")
        expect(row).to_contain_text("ended")
        told = answer.read().decode()
    assert '"code":"ended_by_operator"' in told.replace(" ", "")
    assert "data: [DONE]" in told or told.rstrip().endswith("}")
    assert '"finish_reason":"stop"' not in told.replace(" ", "")
    expect(page.get_by_text("Nothing streams now.")).to_be_visible()


def test_a_key_is_made_used_limited_and_revoked_by_the_keyboard_alone(page: Page, console: Console) -> None:
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url(f"{console.url}/keys")
    press_until(page, "New key")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{console.url}/new-key")
    press_until(page, "Name")
    page.keyboard.type("by/keyboard")
    page.keyboard.press("Enter")
    secret = page.locator("#secret").inner_text()
    port = console.process.port
    in_force_after_s(lambda: status_of(port, secret) == 200)
    press_until(page, "Requests per minute")
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    in_force_after_s(lambda: status_of(port, secret) == 429)
    expect(page.get_by_role("textbox", name="Requests per minute")).to_have_value("0")
    expect(page.get_by_role("meter", name="requests per minute")).to_be_visible()
    press_until(page, "Type the key's name")
    page.keyboard.type("by/keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="by/keyboard ○ revoked")).to_be_visible()
    in_force_after_s(lambda: status_of(port, secret) == 401)


def test_the_keys_are_listed_and_lead_to_the_pages(page: Page, console: Console) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("g k Keys and teams")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url(f"{console.url}/keys")
    page.keyboard.press("/")
    expect(page.get_by_label("Search keys")).to_be_focused()
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{console.url}/keys")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_playground_streams_beside_one_another_and_stops(page: Page, console: Console) -> None:
    page.goto(f"{console.url}/playground?model=sealink/sim&other=sealink/slow")
    page.get_by_label("Prompt", exact=True).fill("<b>Hi</b> 'you'")
    page.get_by_role("button", name="Send").click()
    fast, slow = page.locator(".pane").first, page.locator(".pane").last
    expect(fast).to_have_attribute("data-state", "done")
    expect(fast.locator(".ending")).to_contain_text("finish: stop")
    expect(fast.locator(".ending")).to_contain_text("$0.0000")
    expect(slow).to_have_attribute("data-state", "streaming")
    expect(slow.locator('[data-m="ttft"]')).to_contain_text("s")
    page.get_by_role("button", name="Stop").click()
    expect(slow.locator(".ending")).to_contain_text("Stopped.")
    said = slow.locator(".answer").inner_text()
    assert said
    page.get_by_text("curl", exact=True).click()
    example = page.locator("#as-curl").inner_text()
    assert f"{console.process.url}/v1/chat/completions" in example
    assert "'\\''you'\\''" in example
    page.goto(f"{console.url}/requests?key=console")
    expect(page.get_by_role("link", name="Newest")).to_have_count(0)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first.or_(rows.last).filter(has_text="client_gone")).to_be_visible()


def test_the_example_in_python_says_what_the_form_says(page: Page, console: Console) -> None:
    page.goto(f"{console.url}/playground")
    prompt = 'Grüße, "Welt" 😀'
    page.get_by_label("Prompt", exact=True).fill(prompt)
    example = ast.parse(page.locator("#as-python").text_content() or "")
    assert prompt in [node.value for node in ast.walk(example) if isinstance(node, ast.Constant)]


def test_an_error_is_shown_as_text(page: Page, console: Console) -> None:
    page.goto(f"{console.url}/playground?model=%3Cimg%20src=x%20onerror=alert(1)%3E")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".ending")).to_contain_text("404: The model '<img src=x onerror=alert(1)>'")
    expect(page.locator(".pane img")).to_have_count(0)


PAGES = (
    "/",
    "/live",
    "/requests",
    "/keys",
    "/new-key",
    "/keys/file",
    "/new-team",
    "/audit",
    "/usage",
    "/models",
    "/playground",
    "/settings?check=1",
)


def test_no_page_has_a_serious_fault_or_scrolls_sideways(page: Page, console: Console, full: bool) -> None:
    """Each at the narrowest width in light, or at a desk's in dark, in turn; in full, each in every look."""
    looks = [(360, "light"), (1280, "dark"), *([(360, "dark"), (768, "light"), (1280, "light")] if full else [])]
    faults = []
    for number, (width, scheme) in enumerate(looks):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in PAGES if full else PAGES[number::2]:
            page.goto(f"{console.url}{path}")
            faults += serious_faults(page)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                faults.append(f"{path} scrolls sideways at {width} px")
    assert not faults, "\n".join(faults)


def test_a_keys_holder_sees_the_own_key_and_nobody_elses(browser: Browser, console: Console) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    urls: list[str] = []
    page.on(
        "request", lambda request: urls.append(f"{request.url} {request.headers.get('cookie')} {request.post_data}")
    )
    page.goto(f"{console.process.url}/console")
    assert not serious_faults(page)
    page.get_by_label("API key").fill("sk-of-nobody")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    page.get_by_label("API key").fill("sk-of-the-file")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("heading", name="file", exact=True)).to_be_visible()
    expect(page.locator("#standing")).to_contain_text("of 1,000 requests a minute left")
    expect(page.locator("#quickstart")).to_contain_text(f"{console.process.url}/v1/chat/completions")
    page.get_by_label("Model", exact=True).fill("sealink/sim")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".pane")).to_have_attribute("data-state", "done")
    expect(page.locator(".ending")).to_contain_text("finish: stop")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#usage")).to_contain_text("sealink/sim")
    assert "somebody-else" not in page.content()
    assert not serious_faults(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert not [url for url in urls if "sk-of" in url]
    page.reload()
    expect(page.get_by_label("API key")).to_have_value("")
    context.close()
