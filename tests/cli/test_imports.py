"""What the commands do not import: they start fast, and a server at rest is small."""

import subprocess
import sys

import pytest

HEAVY = {"alembic", "bpe_openai", "genai_prices", "pydantic", "rich", "sqlalchemy", "ssl", "uvloop"}
NOT_TO_LISTEN = HEAVY - {"ssl", "uvloop"} | {"jinja2", "jsonschema_rs", "starlette"}


def imported(program: str) -> set[str]:
    """The packages that a program has imported when it ends."""
    code = f"import sys\ntry:\n    {program}\nfinally:\n    print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", ["--version", "usage --help"])
def test_a_command_imports_nothing_for_others(command: str) -> None:
    names = imported(f"sys.argv[1:] = {command.split()}; from sealink.cli.main import main; main()")
    assert names & HEAVY <= ({"rich", "pydantic"} if "--help" in command else set())  # Typer's, to show its help


def test_what_listens_imports_no_database_prices_or_tokenizer() -> None:
    assert not imported("import sealink.app.process") & NOT_TO_LISTEN


def test_a_config_is_read_without_what_it_configures() -> None:
    names = imported("import sealink.config")
    assert not names & {*NOT_TO_LISTEN, "uvloop"}
