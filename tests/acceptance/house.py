"""A replaying upstream with a real SeaLink before it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acceptance.sealink_process import KEY, SealinkProcess
from replay import Answer, ReplayingUpstream, Request

BASE_PATHS = {"openai": "/v1", "responses": "/v1"}
"""What a `base_url` has behind the host, as each vendor's own SDK is given it."""


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
    tables: str = "",
    send_buffer_bytes: int | None = None,
) -> Iterator[House]:
    """Both, up and running. `models` says of which dialect each model's upstream is, as sealink.toml names it.

    A model's one target has its id for a name, so that the upstream learns what the client asked for.
    `server` are lines for the config's [server], `tables` more tables; `folder` is where SeaLink runs.
    """
    with (
        ReplayingUpstream(answer, send_buffer_bytes=send_buffer_bytes) as upstream,
        SealinkProcess(config_of(upstream.url, models, server, tables), folder) as sealink,
    ):
        yield House(upstream, sealink)


def config_of(upstream_url: str, models: Mapping[str, str], server: str, tables: str = "") -> str:
    """The sealink.toml."""
    parts = [f"[server]\n{server}", f'[[keys]]\nname = "tests"\nkey = "{KEY}"']
    parts += [
        f'[[providers]]\nname = "{dialect}-like"\ndialect = "{dialect}"\nbase_url = "{url}"\napi_key = "sk-upstream"'
        for dialect in sorted(set(models.values()))
        for url in [upstream_url + BASE_PATHS.get(dialect, "")]
    ]
    parts += [
        f'[[models]]\nid = {json.dumps(id)}\ntargets = [{{ provider = "{dialect}-like", model = {json.dumps(id)} }}]'
        for id, dialect in models.items()
    ]
    return "\n\n".join([*parts, tables]) + "\n"
