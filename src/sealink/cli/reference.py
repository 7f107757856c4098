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
    inner = command.commands if isinstance(command, TyperGroup) else {}
    if command.params or not inner:
        yield from _section(path, command)
    for name, each in inner.items():
        assert isinstance(each, TyperCommand | TyperGroup)
        yield from _sections(f"{path} {name}", each)


def _section(path: str, command: TyperCommand | TyperGroup) -> Iterator[str]:
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
    names = [", ".join(parameter.opts), *parameter.secondary_opts]
    return f"| `{' / '.join(names)}{value}` | {_words(parameter.help)}{_default(parameter)} |"


def _default(option: TyperOption) -> str:
    """The value that an option has where it is not given, unless its help says so or there is none to tell."""
    is_told = option.is_flag or option.default in (None, "", ()) or "Default:" in (option.help or "")
    return "" if is_told else f" Default: `{option.default}`."


def _words(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
