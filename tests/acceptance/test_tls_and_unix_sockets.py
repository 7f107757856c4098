"""Stock clients over TLS, whose certificate is renewed meanwhile, and over a Unix socket."""

import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2
import openai
import pytest
import trustme

import waiting
from acceptance.restarting import PATIENCE_S, SEALINK, SECRET, Running, config_of
from acceptance.sealink_process import free_port

MESSAGES = [{"role": "user", "content": "Hi"}]
until = partial(waiting.until, within_s=PATIENCE_S)


def configured(folder: Path, server: str, admin: str = "") -> tuple[int, int]:
    """Write the config. Returns the ports."""
    port, admin_port = free_port(), free_port()
    config = config_of(port, admin_port)
    config = config.replace("[server]\n", f"[server]\n{server}\n").replace("[admin]\n", f"[admin]\n{admin}\n")
    (folder / "sealink.toml").write_text(config)
    return port, admin_port


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Running]:
    running = Running(folder, *options)
    try:
        yield running
    finally:
        running.terminate()
        running.ended()


def ask(base_url: str, transport: httpx2.HTTPTransport) -> None:
    """A stream and a whole answer by OpenAI's SDK."""
    with (
        httpx2.Client(transport=transport) as http,
        openai.OpenAI(base_url=base_url, api_key=SECRET, http_client=http, max_retries=0, timeout=PATIENCE_S) as client,
    ):
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)  # type: ignore[call-overload]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        whole = client.chat.completions.create(model="m", messages=MESSAGES)  # type: ignore[arg-type]
        assert text.startswith("This is SeaLink's simulated model")
        assert whole.choices[0].message.content


class Certificates:
    """The files that `[server] tls_cert` and `tls_key` name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.renew()

    def renew(self) -> None:
        """Another pair, of another authority: who trusts this one sees that it is in force."""
        self._authority = trustme.CA()
        pair = self._authority.issue_cert("localhost", "127.0.0.1")
        self.write("tls.crt", b"".join(each.bytes() for each in pair.cert_chain_pems))
        self.write("tls.key", pair.private_key_pem.bytes())

    def write(self, name: str, data: bytes) -> None:
        (self._folder / "new").write_bytes(data)
        os.replace(self._folder / "new", self._folder / name)

    def trusted(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context


def is_trusted(url: str, context: ssl.SSLContext) -> bool:
    try:
        return httpx2.get(url, verify=context, timeout=PATIENCE_S).status_code == 200
    except httpx2.ConnectError:
        return False


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.full), "2"])
def test_the_openai_client_over_tls_while_the_certificate_is_renewed(tmp_path: Path, workers: str) -> None:
    pair = 'tls_cert = "tls.crt"\ntls_key = "tls.key"'
    port, admin = configured(tmp_path, f"{pair}\ntls_poll_s = 0.05", pair)
    certificates = Certificates(tmp_path)
    with serving(tmp_path, "--workers", workers) as running:
        url, live = f"https://127.0.0.1:{port}/v1", f"https://127.0.0.1:{port}/health/live"
        assert running.greeting[0].endswith(f"listens on {url}\n")
        first = certificates.trusted()
        ask(url, httpx2.HTTPTransport(verify=first))
        with httpx2.Client(verify=first) as kept:
            assert kept.get(live).status_code == 200
            certificates.renew()
            second = certificates.trusted()
            until(lambda: not any(is_trusted(live, first) for _ in range(8)))
            assert kept.get(live).status_code == 200  # over its connection, which goes on
        ask(url, httpx2.HTTPTransport(verify=second))
        until(lambda: is_trusted(f"https://127.0.0.1:{admin}/metrics", second))
        certificates.write("tls.key", b"nonsense")
        until(lambda: "the certificate is not reloaded, the one before stays in force" in running.log.read_text())
        ask(url, httpx2.HTTPTransport(verify=second))
        command = [SEALINK, "reload", "--config", "sealink.toml"]
        env = {"PATH": os.environ["PATH"], "SEALINK_ADMIN_TOKEN": "t"}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, "tls.key" in done.stderr) == (1, True), done.stderr
        assert is_trusted(live, second)


def test_a_certificate_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    configured(tmp_path, 'tls_cert = "tls.crt"\ntls_key = "tls.key"')
    for command in (("serve",), ("serve", "--workers", "2"), ("check",)):
        done = subprocess.run(
            [SEALINK, *command, "--config", "sealink.toml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (1, "[server] tls_cert: tls.crt: No such file or directory\n")


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.full)])
def test_the_openai_client_over_a_unix_socket_which_another_takes_over(tmp_path: Path, workers: str) -> None:
    configured(tmp_path, 'unix_socket = "s"\nunix_socket_mode = "0600"')
    options = ("--workers", workers, "--takeover")
    old = Running(tmp_path, *options)
    assert old.greeting[0].endswith("listens on unix:s\n")
    assert "--unix-socket s http://localhost/v1/chat/completions" in old.greeting[2]
    ask("http://localhost/v1", httpx2.HTTPTransport(uds=str(tmp_path / "s")))
    with serving(tmp_path, *options):
        old.ended()
        ask("http://localhost/v1", httpx2.HTTPTransport(uds=str(tmp_path / "s")))
    with serving(tmp_path, *options):  # in place of the file that is left
        ask("http://localhost/v1", httpx2.HTTPTransport(uds=str(tmp_path / "s")))
