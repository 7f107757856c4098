"""Providers whose names are looked up for ever: the others are served as before, and SIGTERM ends the process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from acceptance.made_streams import openai_stream
from acceptance.plain_http import post_chat
from acceptance.sealink_process import KEY, SealinkProcess
from replay import Answer, ReplayingUpstream

NAMES, TIMES = 24, 3
"""More names than the executors of asyncio and uvloop have threads; each is asked for several times."""

RESOLVER = """
import socket, threading
resolve = socket.getaddrinfo
def getaddrinfo(host, *others, **options):
    if str(host).startswith("dead"):
        threading.Event().wait()
    return resolve(host, *others, **options)
socket.getaddrinfo = getaddrinfo
"""


def config(live_url: str) -> str:
    urls = {f"dead-{n}": f"http://dead-{n}.example/v1" for n in range(NAMES)} | {"live": f"{live_url}/v1"}
    return f'[timeouts]\nconnect_s = 1\n[[keys]]\nname = "tests"\nkey = "{KEY}"\n' + "".join(
        f'[[providers]]\nname = "{name}"\ndialect = "openai"\nbase_url = "{url}"\napi_key = "none"\n'
        f'[[models]]\nid = "{name}"\ntargets = [{{ provider = "{name}", model = "m" }}]\n'
        for name, url in urls.items()
    )


def ask(port: int, model: str) -> int:
    return post_chat(port, {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}).status


def test_dead_name_servers_hold_up_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(RESOLVER)
    variables = {"PYTHONPATH": str(tmp_path)}
    with ReplayingUpstream(lambda _: Answer(openai_stream(["Hello"]))) as upstream:
        live_url = upstream.url.replace("127.0.0.1", "localhost")
        with SealinkProcess(config(live_url), tmp_path, variables) as sealink, ThreadPoolExecutor(NAMES) as pool:
            at_first = sealink.threads
            for _ in range(TIMES):
                dead = [pool.submit(ask, sealink.port, f"dead-{n}") for n in range(NAMES)]
                assert ask(sealink.port, "live") == 200
                assert {future.result() for future in dead} == {504}
            assert sealink.threads <= at_first + NAMES
        # leaving has sent SIGTERM, and the process has ended although its lookups never do
