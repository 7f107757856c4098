"""`sealink record`: run the gateway as usual, and keep what upstreams answer as fixtures for tests."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sealink.cli.configuration import ConfigOption, greet, load_to_serve, run_or_exit
from sealink.cli.serve import HostOption, PortOption, with_options


def record(
    to: Annotated[Path, typer.Option(help="The folder to write to: PROVIDER/NAME/{meta.json,response.body}.")],
    config: ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
    with_prompts: Annotated[
        bool, typer.Option("--with-prompts", help="Keep requests too, with their prompts. Answers are always kept.")
    ] = False,
) -> None:
    """Run the gateway, and keep the raw bodies of what upstreams answer, complete ones only.

    Of the headers those are kept that can hold no secret; keys that a provider repeats are overwritten.
    """
    from sealink.app import RECORDED_AS
    from sealink.app.process import serve_until_stopped
    from sealink.recorder.pool import Recorder
    from sealink.telemetry.log_format import configure_logging

    loaded, note = load_to_serve(config)
    loaded = with_options(loaded, host, port)
    configure_logging(loaded.log.format, loaded.log.level)
    apis = {each.name: RECORDED_AS[each.dialect_name or ""] for each in loaded.providers}
    recorder = Recorder(to, apis, with_prompts=with_prompts)
    run_or_exit(serve_until_stopped(loaded, partial(greet, loaded, note), recorder=recorder))
