"""A replaying upstream with a real SeaLink before it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acceptance.sealink_process import KEY, SealinkProcess
from replay import Answer, ReplayingUpstream, Request


@dataclass(frozen=True)
class House:
    upstream: ReplayingUpstream
    sealink: SealinkProcess


@contextmanager
def house(
    answer: Callable[[Request], Answer],
    models: Mapping[str, str],
    folder: Path,
    *,
    server: str = "",
    send_buffer_bytes: int | None = None,
) -> Iterator[House]:
    """Both, up and running. `models` says of which dialect each model's upstream is, openai or anthropic.

    A model's one target has its id for a name, so that the upstream learns what the client asked for.
    `server` are lines for the config's [server], `folder` is where SeaLink runs.
    """
    with (
        ReplayingUpstream(answer, send_buffer_bytes=send_buffer_bytes) as upstream,
        SealinkProcess(config_of(upstream.url, models, server), folder) as sealink,
    ):
        yield House(upstream, sealink)


def config_of(upstream_url: str, models: Mapping[str, str], server: str) -> str:
    """The sealink.toml."""
    tables = [f"[server]\n{server}", f'[[keys]]\nname = "tests"\nkey = "{KEY}"']
    tables += [
        f'[[providers]]\nname = "{dialect}-like"\ndialect = "{dialect}"\nbase_url = "{url}"\napi_key = "sk-upstream"'
        for dialect, url in (("openai", f"{upstream_url}/v1"), ("anthropic", upstream_url))
    ]
    tables += [
        f'[[models]]\nid = {json.dumps(id)}\ntargets = [{{ provider = "{dialect}-like", model = {json.dumps(id)} }}]'
        for id, dialect in models.items()
    ]
    return "\n\n".join(tables) + "\n"
