"""The documentation in a browser: on a phone and on a desk, in light and dark, with the keyboard, without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from acceptance.sealink_process import SealinkProcess
from console.browser import chromium, watch_for_errors
from outside import NODE_FOLDER, node_with_packages

PAGES = ["", "/streaming", "/configuration", "/errors"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the pages."""
    with SealinkProcess(None, tmp_path_factory.mktemp("docs")) as sealink:
        yield f"{sealink.url}/docs"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """In the end no error was logged, and nothing blocked by the policy."""
    context = browser.new_context()
    errors = watch_for_errors(context)
    yield context.new_page()
    context.close()
    assert not errors


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_scrolls_sideways(page: Page, docs: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        page.goto(docs + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_search_leads_to_a_section(page: Page, docs: str) -> None:
    page.goto(docs)
    page.keyboard.press("/")
    page.keyboard.type("usage last")
    page.get_by_role("link", name="Usage comes last").click()
    page.wait_for_url("**/docs/streaming#usage-comes-last")
    assert page.get_by_role("heading", name="Usage comes last").is_visible()


def test_the_readers_key_is_in_the_examples_and_nowhere_else(page: Page, docs: str) -> None:
    page.goto(f"{docs}/quickstart")
    page.get_by_label("Your key").fill("sk-of-the-reader")
    code = page.locator("pre").all_inner_texts()
    assert any('api_key="sk-of-the-reader"' in block for block in code)
    assert not any("YOUR_SEALINK_KEY" in block for block in code)
    assert "sk-of" not in page.url
    assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]


def test_without_scripts_all_is_there(browser: Browser, docs: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(docs)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Streaming").click()
    assert page.get_by_role("heading", name="How a stream ends").is_visible()
    context.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    node_with_packages()
    return (NODE_FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, docs: str, scheme: str, axe: str, full: bool) -> None:
    """One page in the light, another in the dark; in full all in both."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in PAGES if full else PAGES[scheme == "dark" :][:1]:
        page.goto(docs + path)
        found = page.evaluate(axe + "; axe.run()")  # the policy has no say over what a test evaluates
        serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
