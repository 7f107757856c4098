"""docs/commands.md: every command with its arguments and options, from the commands themselves."""

from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

_HEAD = """# Commands

`sealink COMMAND --help` says the same.
"""


def page() -> str:
    """The page, as Markdown."""
    from sealink.cli.main import app

    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    return "\n".join([_HEAD, *_sections("sealink", command)])


def _sections(path: str, command: TyperCommand | TyperGroup) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            assert isinstance(inner, TyperCommand | TyperGroup)
            yield from _sections(f"{path} {name}", inner)
        return
    yield f"## {path}\n"
    yield f"{_words(command.help)}\n"
    rows = [row for each in command.params if (row := _row(each))]
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _row(parameter: object) -> str | None:
    if isinstance(parameter, TyperArgument):
        return f"| `{parameter.metavar or (parameter.name or '').upper()}` | {_words(parameter.help)} |"
    if not isinstance(parameter, TyperOption) or parameter.hidden:
        return None
    value = "" if parameter.is_flag else f" {parameter.metavar or (parameter.name or '').upper()}"
    return f"| `{', '.join(parameter.opts)}{value}` | {_words(parameter.help)} |"


def _words(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
