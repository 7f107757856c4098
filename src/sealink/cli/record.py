"""`sealink record`: run the gateway as usual, and keep what upstreams answer as fixtures for tests."""

from pathlib import Path
from typing import Annotated

import typer

from sealink.app import RECORDED_AS
from sealink.cli.configuration import ConfigOption, load_or_exit, warn_unenforced
from sealink.cli.process import configure_logging, greeting, run_on_best_loop, serve_until_stopped
from sealink.cli.serve import HostOption, PortOption, with_options
from sealink.recorder.pool import Recorder


def record(
    to: Annotated[Path, typer.Option(help="The folder to write to: PROVIDER/NAME/{meta.json,response.body}.")],
    config: ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
    with_prompts: Annotated[
        bool, typer.Option("--with-prompts", help="Keep requests too, prompts and all. Answers are always kept.")
    ] = False,
) -> None:
    """Run the gateway, and keep the raw bodies of what upstreams answer, whole ones only.

    Of the headers those are kept that can hold no secret; keys that a provider repeats are overwritten.
    """
    configure_logging()
    loaded = with_options(load_or_exit(config), host, port)
    warn_unenforced(loaded)
    apis = {each.name: RECORDED_AS[each.dialect_name or ""] for each in loaded.providers}
    recorder = Recorder(to, apis, with_prompts=with_prompts)
    run_on_best_loop(
        serve_until_stopped(loaded, lambda base_url: typer.echo(greeting(loaded, base_url)), recorder=recorder)
    )
