"""Keys and teams by forms alone, without scripts: made, changed, rotated, revoked; and names that are HTML."""

import re
from collections.abc import Iterator

import pytest

from acceptance.test_keys_in_the_store import in_force_after_s, status_of
from console.browser import Console, running
from console.test_signing_in import csrf_in, signed_in

HTML = "<img src=x onerror=alert(1)>\"'&amp;"


class Forms:
    """A browser without scripts that is signed in."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._cookie = signed_in(console)
        self._csrf = csrf_in(self.get("/keys"))

    def get(self, path: str) -> str:
        status, _, text = self.console.ask("GET", path, cookie=self._cookie)
        assert status == 200, text
        return text

    def post(self, path: str, **form: str) -> tuple[int, str]:
        status, fields, text = self.console.ask("POST", path, {**form, "csrf": self._csrf}, cookie=self._cookie)
        return status, fields.get("location", text)


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forms]:
    with running(tmp_path_factory.mktemp("console")) as console:
        yield Forms(console)


def secret_in(text: str) -> str:
    return re.findall(r'<code id="secret"[^>]*>([^<]+)</code>', text)[0]


def test_a_key_from_making_to_revoking(forms: Forms) -> None:
    port = forms.console.process.port
    assert forms.post("/teams", name="research", budget_usd="12.50", budget_period="month") == (303, "/teams/research")
    rules = {"requests_per_minute": "1,000", "models": "sealink/*, gpt-*", "team": "research", "strict": "on"}
    status, text = forms.post("/keys", name="acme/chat", **rules)
    assert status == 201
    secret = secret_in(text)
    in_force_after_s(lambda: status_of(port, secret) == 200)

    page = forms.get("/keys/acme%2Fchat")
    assert secret not in page
    assert 'value="1000"' in page
    assert 'value="sealink/*, gpt-*"' in page
    assert "acme/chat" in forms.get("/teams/research")
    assert "$12.50 / month" in forms.get("/keys")

    path = "/keys/acme%2Fchat"
    assert forms.post(path, action="update", models="gpt-*") == (303, path)
    in_force_after_s(lambda: status_of(port, secret) == 403)
    page = forms.get(path)
    assert 'value="1000"' in page  # what the form does not have stays
    assert 'name="strict" checked' not in page  # but for the boxes, which browsers leave out

    status, text = forms.post(path, action="rotate")
    assert status == 200
    assert secret_in(text) != secret
    in_force_after_s(lambda: status_of(port, secret) == 401)

    assert forms.post(path, action="revoke", confirm="acme")[0] == 400
    assert forms.post(path, action="revoke", confirm="acme/chat") == (303, path)
    in_force_after_s(lambda: status_of(port, secret_in(text)) == 401)
    audit = forms.get("/audit")
    for action in ("team.created", "key.created", "key.updated", "key.rotated", "key.revoked"):
        assert action in audit
    assert "console" in audit
    assert "models: sealink/*, gpt-* → gpt-*" in audit


def test_a_mistake_names_its_field_and_keeps_the_rest(forms: Forms) -> None:
    status, text = forms.post("/keys", name="wrong", requests_per_minute="many", user="alice")
    assert status == 400
    assert re.search(r'name="requests_per_minute"[^>]*aria-invalid="true"', text)
    assert "&#39;many&#39; is not a whole number" in text
    assert 'value="alice"' in text
    assert forms.post("/keys", name="")[0] == 400
    assert forms.post("/keys", name="file")[0] == 409
    assert forms.post("/keys", name="console")[0] == 409  # the playground's own
    assert forms.post("/keys/file", action="update", user="x")[0] == 409  # set in the file
    assert forms.post("/keys/file", action="nothing")[0] == 400
    assert "wrong" not in forms.get("/keys")


def test_names_that_are_html_are_shown_as_text(forms: Forms) -> None:
    assert forms.post("/teams", name=HTML)[0] == 303
    status, text = forms.post("/keys", name=HTML, user=HTML, tags=HTML, team=HTML)
    assert status == 201
    pages = [text, forms.get("/keys"), forms.get("/audit"), forms.get("/new-key"), forms.get("/keys?q=%3Cimg%20src")]
    status, wrong = forms.post("/keys", name=HTML, requests_per_minute=HTML)
    assert status == 400
    for page in (*pages, wrong):
        assert "<img" not in page
        assert "&lt;img" in page


def test_a_balance_is_paid_in(forms: Forms) -> None:
    assert forms.post("/keys/file", action="pay_in", amount_usd="5")[0] == 303
    assert "key.paid_in" in forms.get("/keys/file")
    for amount in ("", "nan", "inf", "-2,000,000", "1e20"):
        status, text = forms.post("/keys/file", action="pay_in", amount_usd=amount)
        assert status == 400
        assert re.search(r'name="amount_usd"[^>]*aria-invalid="true"', text)
