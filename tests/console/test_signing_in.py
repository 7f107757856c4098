"""Who the console lets in: the token, sessions, forms of other sites, other origins; and the policy of every answer."""

import re
from collections.abc import Iterator

import pytest

from console.browser import Console, running
from sealink.admin.sessions import MAX_SESSIONS, Sessions

POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
PAGES = ("/", "/live", "/keys", "/new-key", "/keys/file", "/new-team", "/audit")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(tmp_path_factory.mktemp("console")) as found:
        yield found
        assert found.token not in found.process.log


def cookies_of(fields: dict[str, str]) -> dict[str, str]:
    pairs = (line.partition(";")[0].partition("=") for line in fields.get("set-cookie", "").splitlines())
    return {name: value for name, _, value in pairs}


def signed_in(console: Console, **cookies: str) -> str:
    """The `cookie` header of a new session, of a browser that has these cookies already."""
    _, fields, text = console.ask("GET", "/login")
    (form_token,) = re.findall(r'name="form_token" value="([^"]+)"', text)
    held = {**cookies, **cookies_of(fields)}
    cookie = "; ".join(f"{name}={value}" for name, value in held.items())
    form = {"token": console.token, "form_token": form_token, "next": "/keys"}
    status, fields, _ = console.ask("POST", "/login", form, cookie=cookie)
    assert (status, fields["location"]) == (303, "/keys")
    (line,) = [line for line in fields["set-cookie"].splitlines() if line.startswith("sealink_session")]
    assert "HttpOnly" in line
    assert "SameSite=strict" in line
    return line.partition(";")[0]


def csrf_in(text: str) -> str:
    return re.findall(r'<meta name="csrf" content="([^"]+)"', text)[0]


@pytest.mark.parametrize("path", [*PAGES, "/live/events", "/nothing-here"])
def test_nobody_sees_a_page_without_a_session(console: Console, path: str) -> None:
    status, fields, _ = console.ask("GET", path)
    assert (status, fields.get("location")) in ((303, f"/login?next={path}"), (404, None))
    assert fields["content-security-policy"] == POLICY
    assert console.ask("GET", path, cookie="sealink_session_0=invented")[0] == status


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_policy_and_nothing_that_it_forbids(console: Console, path: str) -> None:
    status, fields, text = console.ask("GET", path, cookie=signed_in(console))
    assert status == 200
    assert fields["content-security-policy"] == POLICY
    assert fields["x-content-type-options"] == "nosniff"
    assert fields["cache-control"] == "no-store"
    assert not re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert "access-control-allow-origin" not in fields


@pytest.mark.parametrize(
    ("name", "value", "is_secure"),
    [("origin", "https://127.0.0.1:{port}", True), ("x-forwarded-proto", "https", True), ("origin", "", False)],
)
def test_over_tls_the_session_is_for_tls_alone(console: Console, name: str, value: str, is_secure: bool) -> None:
    _, fields, text = console.ask("GET", "/login")
    (form_token,) = re.findall(r'name="form_token" value="([^"]+)"', text)
    cookie = "; ".join(f"{held}={of}" for held, of in cookies_of(fields).items())
    headers = {name: value.format(port=console.port)} if value else {}
    form = {"token": console.token, "form_token": form_token}
    status, fields, _ = console.ask("POST", "/login", form, cookie=cookie, **headers)
    (line,) = [line for line in fields["set-cookie"].splitlines() if line.startswith("sealink_session")]
    assert (status, "Secure" in line) == (303, is_secure)


@pytest.mark.parametrize("token", ["", "wrong", "sk-of-the-file"])
def test_a_wrong_token_signs_nobody_in(console: Console, token: str) -> None:
    _, fields, text = console.ask("GET", "/login")
    (form_token,) = re.findall(r'name="form_token" value="([^"]+)"', text)
    cookie = "; ".join(f"{name}={value}" for name, value in cookies_of(fields).items())
    status, fields, text = console.ask("POST", "/login", {"token": token, "form_token": form_token}, cookie=cookie)
    assert status == 401
    assert "sealink_session" not in fields.get("set-cookie", "")
    assert "This is not the admin token" in text


def test_another_site_cannot_sign_a_browser_in(console: Console) -> None:
    status, fields, _ = console.ask("POST", "/login", {"token": console.token, "form_token": "x"})
    assert (status, "sealink_session" in fields["set-cookie"]) == (403, False)


def test_a_session_that_was_planted_in_a_browser_is_not_the_one_that_it_gets(console: Console) -> None:
    planted = signed_in(console)
    name, _, number = planted.partition("=")
    given = signed_in(console, **{name: number})
    assert given != planted
    assert console.ask("GET", "/keys", cookie=given)[0] == 200
    assert console.ask("GET", "/keys", cookie=planted)[0] == 303  # it has ended


def test_signing_out_ends_the_session_for_whoever_has_its_cookie(console: Console) -> None:
    cookie = signed_in(console)
    csrf = csrf_in(console.ask("GET", "/keys", cookie=cookie)[2])
    assert console.ask("POST", "/logout", {"csrf": csrf}, cookie=cookie)[0] == 303
    assert console.ask("GET", "/keys", cookie=cookie)[0] == 303


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/keys", {"name": "stolen"}),
        ("/keys/file", {"action": "pay_in", "amount_usd": "1"}),
        ("/teams", {"name": "stolen"}),
        ("/live/end", {"id": "req_1"}),
        ("/logout", {}),
        ("/theme", {"theme": "dark"}),
    ],
)
@pytest.mark.parametrize("csrf", [None, "", "wrong"])
def test_a_form_without_the_sessions_token_does_nothing(
    console: Console, path: str, form: dict[str, str], csrf: str | None
) -> None:
    cookie = signed_in(console)
    sent = form if csrf is None else {**form, "csrf": csrf}
    assert console.ask("POST", path, sent, cookie=cookie)[0] == 403
    status, _, text = console.ask("GET", "/keys", cookie=cookie)
    assert (status, "stolen" in text) == (200, False)


def test_a_form_with_countless_fields_is_not_taken_apart(console: Console) -> None:
    form = {f"field{number}": "" for number in range(1000)}
    assert console.ask("POST", "/login", form)[0] == 400
    cookie = signed_in(console)
    csrf = csrf_in(console.ask("GET", "/keys", cookie=cookie)[2])
    assert console.ask("POST", "/theme", {**form, "csrf": csrf}, cookie=cookie)[0] == 400
    status, fields, _ = console.ask("POST", "/keys", form)
    assert (status, fields["location"]) == (303, "/login")


def test_the_api_takes_a_session_only_with_its_token_where_it_changes_something(console: Console) -> None:
    cookie = signed_in(console)
    csrf = csrf_in(console.ask("GET", "/keys", cookie=cookie)[2])
    assert console.ask("GET", "/admin/v1/streams", cookie=cookie)[0] == 200
    assert console.ask("DELETE", "/admin/v1/streams/req_1", cookie=cookie)[0] == 401
    assert console.ask("DELETE", "/admin/v1/streams/req_1", cookie=cookie, x_csrf_token="wrong")[0] == 401
    assert console.ask("DELETE", "/admin/v1/streams/req_1", cookie=cookie, x_csrf_token=csrf)[0] == 404
    assert console.ask("DELETE", "/admin/v1/streams/req_1", x_csrf_token=csrf)[0] == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/keys"), ("POST", "/keys"), ("GET", "/live/events")])
def test_a_page_of_another_origin_is_refused(console: Console, method: str, path: str, origin: str) -> None:
    cookie = signed_in(console)
    form = {"name": "x"} if method == "POST" else None
    status, fields, _ = console.ask(method, path, form, cookie=cookie, origin=origin)
    assert status == 403
    assert fields["content-security-policy"] == POLICY


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/\tevil"])
def test_after_signing_in_nobody_is_sent_elsewhere(console: Console, to: str) -> None:
    _, fields, text = console.ask("GET", "/login")
    (form_token,) = re.findall(r'name="form_token" value="([^"]+)"', text)
    cookie = "; ".join(f"{name}={value}" for name, value in cookies_of(fields).items())
    form = {"token": console.token, "form_token": form_token, "next": to}
    status, fields, _ = console.ask("POST", "/login", form, cookie=cookie)
    assert (status, fields["location"]) == (303, "/")


def test_a_session_ends_in_time_and_the_oldest_makes_room() -> None:
    now = [0.0]
    sessions = Sessions("name", 10.0, lambda: now[0])
    first = sessions.open("console")
    assert sessions.find(first)
    now[0] = 10.0
    assert sessions.find(first) is None
    numbers = [sessions.open("console") for _ in range(MAX_SESSIONS + 1)]
    assert sessions.find(numbers[0]) is None
    assert sessions.find(numbers[1])
    assert len(set(numbers)) == len(numbers)
    assert first not in repr(vars(sessions))
