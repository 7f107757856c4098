"""`sealink chat`: one question, streamed to the terminal, then its time, usage and cost."""

from typing import Annotated

import typer

from sealink.cli.configuration import ConfigOption, fail, load_or_exit, run_or_exit


def chat(
    prompt: Annotated[str, typer.Argument(help="What to ask.")],
    model: Annotated[str | None, typer.Option("-m", "--model", help="Default: the first one configured.")] = None,
    config: ConfigOption = None,
) -> None:
    """Ask a model through SeaLink, which is started for the question with the same config as `serve`."""
    from sealink.cli.chat_session import ask
    from sealink.errors import SealinkError

    loaded = load_or_exit(config)
    asked = model or next((each.id for each in loaded.models if "*" not in each.id), None)
    if asked is None:
        fail("say which model: --model NAME")
    try:
        run_or_exit(ask(loaded, asked, prompt))
    except SealinkError as error:
        fail(f"error: {error.message}")
