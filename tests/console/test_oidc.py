"""Signing in by a provider: a browser does; and whatever is wrong in what the provider says lets nobody in."""

import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey

from console.browser import CONFIG, Console, chromium, running
from console.oidc_provider import CLIENT, SECRET, OidcProvider
from console.test_signing_in import cookies_of, csrf_in
from sealink.console.oidc.admitted import is_admitted, name_of
from sealink.console.oidc.begun import BegunSignIns
from sealink.console.oidc.settings import OidcSettings, wrong_oidc
from sealink.console.sign_in_limit import MAX_ADDRESSES, SignInLimit

ANN = {"email": "ann@example.org", "email_verified": True}


class House(NamedTuple):
    provider: OidcProvider
    console: Console


@pytest.fixture(scope="module")
def _house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with OidcProvider() as provider:
        oidc = f"""
[admin]
sign_in_attempts = 2
[admin.oidc]
issuer = "{provider.issuer}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
allowed_emails = ["*@example.org"]
allowed_claims = {{ groups = ["operators"] }}
"""
        with running(tmp_path_factory.mktemp("console"), CONFIG + oidc) as console:
            yield House(provider, console)
            assert SECRET not in console.process.log


@pytest.fixture
def house(_house: House) -> House:
    """The same for all, with a provider that says of everybody that they are Ann."""
    provider = _house.provider
    provider.claims, provider.in_userinfo, provider.error, provider.is_away = dict(ANN), {}, "", False
    return _house


def sent_to_the_provider(house: House, path: str = "/keys") -> tuple[str, str]:
    """The browser's cookie, and where the provider sends it back to."""
    status, fields, text = house.console.ask("GET", f"/login/oidc?next={path}")
    assert status == 303, text
    to = urlsplit(fields["location"])
    connection = HTTPConnection(to.hostname or "", to.port, timeout=20)
    connection.request("GET", f"{to.path}?{to.query}")
    back = urlsplit(connection.getresponse().headers["location"])
    connection.close()
    return f"sealink_oidc={cookies_of(fields)['sealink_oidc']}", f"{back.path}?{back.query}"


def came_back(house: House) -> tuple[int, dict[str, str], str]:
    cookie, path = sent_to_the_provider(house)
    return house.console.ask("GET", path, cookie=cookie)


def refused(answer: tuple[int, dict[str, str], str], words: str, status: int = 403) -> None:
    assert answer[0] == status, answer[2]
    assert words in answer[2]
    assert "sealink_session" not in answer[1].get("set-cookie", "")


def test_somebody_who_is_admitted_is_let_in_and_named_in_the_audit(house: House) -> None:
    status, fields, text = came_back(house)
    assert status == 200
    assert 'content="0; url=/keys"' in text
    (line,) = [line for line in fields["set-cookie"].splitlines() if line.startswith("sealink_session")]
    assert "SameSite=strict" in line
    cookie = line.partition(";")[0]
    csrf = csrf_in(house.console.ask("GET", "/keys", cookie=cookie)[2])
    assert house.console.ask("POST", "/keys", {"name": "of-ann", "csrf": csrf}, cookie=cookie)[0] == 201
    assert "ann@example.org" in house.console.ask("GET", "/audit", cookie=cookie)[2]
    assert house.provider.asked["scope"] == "openid email profile"


def test_in_a_browser(house: House) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{house.console.url}/usage")
        page.get_by_role("link", name="Sign in with 127.0.0.1").click()
        page.wait_for_url(f"{house.console.url}/usage")
        assert page.get_by_role("heading", name="Usage and cost").is_visible()


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"nonce": "of-another-sign-in"}, "cannot be trusted"),
        ({"nonce": None}, "cannot be trusted"),
        ({"aud": "another-client"}, "cannot be trusted"),
        ({"aud": [CLIENT, "another-client"]}, "cannot be trusted"),
        ({"iss": "http://127.0.0.1:9"}, "cannot be trusted"),
        ({"exp": int(time.time()) - 300}, "cannot be trusted"),
        ({"email": "eve@example.com"}, "eve@example.com may not use this console"),
        ({"email_verified": False}, "not say that ann@example.org is a verified address"),
        ({"email_verified": None}, "17 of 127.0.0.1 may not use this console"),
        ({"email": "<script>alert(1)</script>"}, "&lt;script&gt;"),
    ],
)
def test_what_is_wrong_lets_nobody_in(house: House, claims: dict[str, Any], words: str) -> None:
    house.provider.claims |= claims
    refused(came_back(house), words)


def test_a_token_that_another_key_has_signed_lets_nobody_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.provider, "key", RSAKey.generate_key(2048, {"kid": "one"}))
    refused(came_back(house), "cannot be trusted")


def test_a_sign_in_is_finished_by_the_browser_that_began_it(house: House) -> None:
    cookie, path = sent_to_the_provider(house)
    other, _ = sent_to_the_provider(house)
    for given in ("", other, f"{cookie}0", "sealink_oidc=é.x"):
        refused(house.console.ask("GET", path, cookie=given.encode().decode("latin-1")), "begun in another window")
    refused(house.console.ask("GET", path.replace("state=", "state=x"), cookie=cookie), "begun in another window")


def test_what_the_provider_does_not_say_in_the_token_is_asked_for(house: House) -> None:
    house.provider.claims, house.provider.in_userinfo = {}, ANN
    assert came_back(house)[0] == 200
    house.provider.in_userinfo = {**ANN, "sub": "18"}
    refused(came_back(house), "17 of 127.0.0.1 may not use this console")
    house.provider.claims = {"groups": ["guests", "operators"]}
    assert "17 of 127.0.0.1" in came_back(house)[2]


def test_a_provider_that_says_no_or_is_away(house: House) -> None:
    house.provider.error = "The <b>person</b> has pressed Cancel."
    refused(came_back(house), "The &lt;b&gt;person&lt;/b&gt; has pressed Cancel.")
    house.provider.is_away = True
    refused(house.console.ask("GET", "/login/oidc"), "127.0.0.1 cannot be asked", 503)
    assert "Admin token" in house.console.ask("GET", "/login")[2]


def test_after_wrong_tokens_an_address_has_to_wait_and_others_have_not(house: House) -> None:
    def sign_in(token: str, source: str) -> tuple[int, dict[str, str], str]:
        _, fields, text = house.console.ask("GET", "/login", source=source)
        (form_token,) = re.findall(r'name="form_token" value="([^"]+)"', text)
        cookie = "; ".join(f"{name}={value}" for name, value in cookies_of(fields).items())
        form = {"token": token, "form_token": form_token}
        return house.console.ask("POST", "/login", form, source=source, cookie=cookie)

    assert [sign_in("wrong", "127.0.0.2")[0] for _ in range(3)] == [401, 401, 429]
    status, fields, text = sign_in(house.console.token, "127.0.0.2")
    assert (status, "Too many wrong tokens" in text) == (429, True)
    assert 0 < int(fields["retry-after"]) <= 60
    assert sign_in(house.console.token, "127.0.0.3")[0] == 303


def test_an_address_has_to_wait_as_long_as_its_failures_count() -> None:
    now = [0.0]
    limit = SignInLimit(2, 10.0, lambda: now[0])
    limit.fail("192.0.2.1")
    assert limit.wait_s("192.0.2.1") == 0
    now[0] = 4.0
    limit.fail("192.0.2.1")
    limit.fail("2001:db8::1")
    limit.fail("2001:db8::2")
    assert (limit.wait_s("192.0.2.1"), limit.wait_s("192.0.2.2")) == (6.0, 0)
    assert (limit.wait_s("2001:db8::3"), limit.wait_s("2001:db8:0:1::1")) == (10.0, 0)
    now[0] = 10.0
    assert limit.wait_s("192.0.2.1") == 0
    for number in range(MAX_ADDRESSES):
        limit.fail(str(number))
    assert limit.wait_s("2001:db8::1") == 0
    assert len(limit._failed) == MAX_ADDRESSES


def test_a_sign_in_gets_too_old_and_is_of_one_process() -> None:
    here = BegunSignIns()
    begun = here.begin("http://127.0.0.1/login/oidc/callback", "/", 10.0)
    assert here.find(here.cookie_of(begun), begun.state, 9.9) == begun
    assert here.find(here.cookie_of(begun), begun.state, 10.0) is None
    assert BegunSignIns().find(here.cookie_of(begun), begun.state, 0.0) is None


def test_who_is_admitted() -> None:
    emails, claims = ("Ann@example.org",), {"g": ("a",)}
    settings = OidcSettings(issuer="https://id.example", allowed_emails=emails, allowed_claims=claims)
    assert is_admitted({"email": "ann@Example.org", "email_verified": True}, settings)
    assert not is_admitted({"email": "ann@example.org", "email_verified": "true"}, settings)
    assert not is_admitted({"email": "xann@example.org", "email_verified": True}, settings)
    assert is_admitted({"g": "a"}, settings)
    assert not is_admitted({"g": ["b", 1, None]}, settings)
    assert not is_admitted({}, OidcSettings(issuer="https://id.example"))
    assert name_of({"sub": "1", "email": "ann@example.org"}, settings) == "1 of id.example"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"client_id": "x"}, "client_id"),
        ({"issuer": "http://id.example", "client_id": "x", "allowed_emails": ("a",)}, "issuer"),
        ({"issuer": "https://id.example", "client_id": "x"}, "issuer"),
        ({"issuer": "https://id.example", "allowed_emails": ("a",)}, "issuer"),
        ({"issuer": "https://id.example", "client_id": "x", "allowed_emails": ("a",), "scopes": ()}, "scopes"),
        (
            {
                "issuer": "https://i.example",
                "client_id": "x",
                "allowed_emails": ("a",),
                "redirect_url": "http://b.example",
            },
            "redirect_url",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], field: str) -> None:
    assert [name for name, _ in wrong_oidc(OidcSettings(**settings))] == [field]


def test_without_the_extra_the_config_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealink.console.oidc.settings.find_spec", lambda name: None)
    settings = OidcSettings(issuer="https://id.example", client_id="x", allowed_emails=("a",))
    assert [told for _, told in wrong_oidc(settings)] == [
        "issuer: authlib is not installed: pip install 'sealink[oidc]'"
    ]
