"""Webhooks on the page of the settings: what waits, what was given up and is sent again, without scripts."""

from pathlib import Path

from acceptance.test_webhooks_received import follows_the_audit
from console.browser import CONFIG, running
from console.test_key_pages import Forms
from sealink.console.formats import MASK, masked_url
from waiting import until
from webhook_receiver import SECRET, Receiver


def test_a_dead_letter_is_seen_and_sent_again(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.answers = [500]
        webhook = f'[[webhooks]]\nurl = "{receiver.url}?token=of-the-receiver"\nsecret = "{SECRET}"\nmax_attempts = 1\n'
        with running(tmp_path, f'{CONFIG}{webhook}events = ["key.*"]\n') as console:
            forms = Forms(console)
            until(lambda: follows_the_audit(tmp_path), lambda: console.process.log)
            assert "none yet" in forms.get("/settings")
            assert forms.post("/keys", name="of-a-dead-letter")[0] == 201
            until(lambda: "gave up on some" in forms.get("/settings"), lambda: console.process.log)
            page = forms.get("/settings")
            assert "it answered 500" in page
            assert masked_url(receiver.url + "?x") in page
            assert SECRET not in page
            assert "of-the-receiver" not in page
            (letter,) = receiver.refused
            path = "/settings/webhooks"
            assert forms.console.ask("POST", path, {"id": letter}, cookie=forms._cookie)[0] == 403
            assert receiver.messages == []
            assert forms.post(path, id=letter) == (303, "/settings#webhooks")
            receiver.wait_until(lambda: [each["name"] for each in receiver.of_type("key.created")] != [])
            until(lambda: "delivers" in forms.get("/settings"), lambda: console.process.log)
            assert "none yet" not in forms.get("/settings")
            status, text = forms.post(path, id=letter)
            assert (status, "There is no dead letter" in text) == (404, True)
    assert masked_url("https://me:pass@example.org/x?key=1") == f"https://me:{MASK}@example.org/x?{MASK}"
