"""The documentation on the public port."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.sealink_process import SealinkProcess
from sealink.documentation import markdown, pages
from sealink.documentation.site import ADDRESS, address_of

ROOT = Path(__file__).parents[2]
FIXED = {
    *("quickstart", "streaming", "configuration", "errors", "keys", "limits", "deployment", "operations", "migration"),
}


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    with SealinkProcess(None, tmp_path_factory.mktemp("docs")) as running:
        yield running


def get(sealink: SealinkProcess, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", sealink.port, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_every_page_is_there_without_a_key(sealink: SealinkProcess) -> None:
    assert pages.pages().keys() >= FIXED
    status, _, contents = get(sealink, "/docs")
    assert status == 200
    for name, page in pages.pages().items():
        status, headers, html = get(sealink, f"/docs/{name}")
        assert status == 200
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert f'href="/docs/{name}"' in contents or name == pages.CONTENTS
        assert "<script>" not in html
        assert html.count(f"http://127.0.0.1:{sealink.port}") >= page.text.count(ADDRESS)


def test_links_between_pages_lead_to_pages(sealink: SealinkProcess) -> None:
    for name in pages.pages():
        _, _, html = get(sealink, f"/docs/{name}")
        for target in set(re.findall(r'href="/docs/([^"#]+)', html)):
            assert target in pages.pages() or target == "docs.css", f"{name}: {target}"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("llm.example.com", "http://llm.example.com"),
        ("llm.example.com:8443", "http://llm.example.com:8443"),
        ("[::1]:4000", "http://[::1]:4000"),
        ('"><script>alert(1)</script>', None),
        ("a b", None),
        ("$(rm -rf ~)", None),
        ("x`id`", None),
        ("'; drop", None),
        ("-x.example", None),
        ("a" * 300, None),
    ],
)
def test_the_readers_own_address_is_in_the_examples_if_it_is_one(host: str, shown: str | None) -> None:
    assert address_of("", host, default="http://default:1") == (shown or "http://default:1")
    assert address_of("https://given.example/v1", host, default="") == "https://given.example"


def test_the_parser_has_its_rules_before_threads_share_it() -> None:
    """Each of its rulers lists them at its first use, and shows the list to others while it is being made."""
    markdown.parser.cache_clear()
    made = markdown.parser()
    rulers = made.core.ruler, made.block.ruler, made.inline.ruler, made.inline.ruler2
    assert None not in [ruler.__cache__ for ruler in rulers]


def test_a_port_with_tls_is_shown_as_one() -> None:
    assert address_of("", "llm.example.com:4000", default="https://0.0.0.0:4000") == "https://llm.example.com:4000"


def test_a_host_that_is_none_is_not_shown_back(sealink: SealinkProcess) -> None:
    _, _, html = get(sealink, "/docs/quickstart", host="evil'host")
    assert "evil" not in html


@pytest.mark.parametrize(
    "path", ["/docs/none", "/docs/../sealink.toml", "/docs/%2e%2e/README", "/docs/assets/page.html"]
)
def test_what_is_no_page_is_not_found(sealink: SealinkProcess, path: str) -> None:
    status, _, body = get(sealink, f"/docs/{path}")
    assert status == 404
    assert "unknown_url" in body


def test_head_has_no_body(sealink: SealinkProcess) -> None:
    status, headers, body = get(sealink, "/docs/streaming", "HEAD")
    assert (status, body) == (200, "")
    assert int(headers["content-length"]) > 1000


def test_the_search_finds_each_section(sealink: SealinkProcess) -> None:
    status, headers, body = get(sealink, "/docs/search.json")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert '"path":"/docs/streaming#usage-comes-last"' in body


def test_an_installed_package_has_the_files_where_they_are_looked_for(tmp_path: Path) -> None:
    """All that is in the package and no Python, and docs/ as `pages`."""
    command = [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", str(tmp_path)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    source = ROOT / "src"
    data = [
        path.relative_to(source)
        for path in (source / "sealink").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".c", ".so")
    ]
    assert data
    assert [str(path) for path in data if not (tmp_path / path).exists()] == []
    installed = tmp_path / pages.FOLDERS[0].relative_to(source)
    assert {page.relative_to(installed) for page in installed.rglob("*.md")} == {
        page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")
    }
