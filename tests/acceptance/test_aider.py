"""aider before a real SeaLink: it streams an edit into a file, and tells the upstream's errors.

It calls no tools: what the model writes is the edit. `make clients` installs it, where Python is older than 3.13.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance import made_answers
from acceptance.house import House, house
from acceptance.made_answers import MADE, Said
from acceptance.sealink_process import KEY
from outside import absent
from replay import Answer, Request

AIDER = Path(__file__).parents[2] / ".venv-clients" / "aider" / "bin" / "aider"
PATIENCE_S = 90

EDIT = Said(("story.txt\n", "```\n", "Ahoy", ", sailor!\n", "```\n"))
BEFORE, AFTER = "Once.\n", "Ahoy, sailor!\n"
REFUSED = "the sea is off limits"
OPTIONS = (
    *("--edit-format", "whole", "--no-git", "--yes-always", "--map-tokens", "0", "--no-pretty", "--no-detect-urls"),
    *("--no-check-update", "--analytics-disable", "--no-show-model-warnings", "--no-show-release-notes"),
)


def answer(request: Request) -> Answer:
    dialect, _, scene = request.model.partition("-")
    if scene == "refused":
        return Answer(made_answers.error(dialect, REFUSED), 400, [("content-type", "application/json")])
    body = MADE[dialect](EDIT, True)
    return Answer(body)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if sys.version_info >= (3, 13):
        pytest.skip("aider does not run on this Python")
    if not AIDER.exists():
        absent("aider is not installed (make clients)")
    models = {f"{dialect}-{scene}": dialect for dialect in MADE for scene in ("edit", "refused")}
    with house(answer, models, tmp_path_factory.mktemp("aider-house")) as it:
        yield it


def told_to_edit(running: House, model: str, folder: Path) -> tuple[str, str]:
    """What is in the file then, and what aider has said."""
    caches = folder / ".aider" / "caches"  # or it would look for prices on the internet
    caches.mkdir(parents=True)
    (caches / "model_prices_and_context_window.json").write_text("{}")
    (folder / "story.txt").write_text(BEFORE)
    done = subprocess.run(
        [AIDER, "--model", f"openai/{model}", *OPTIONS, "--message", "Change it.", "story.txt"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "OPENAI_API_BASE": f"{running.sealink.url}/v1",
            "OPENAI_API_KEY": KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    return (folder / "story.txt").read_text(), done.stdout + done.stderr


@pytest.mark.parametrize(
    "upstream", [pytest.param(name, marks=[] if name == "anthropic" else pytest.mark.full) for name in MADE]
)
def test_it_streams_an_edit_into_a_file(running: House, upstream: str, tmp_path: Path) -> None:
    text, said = told_to_edit(running, f"{upstream}-edit", tmp_path)
    assert text == AFTER, said


@pytest.mark.full  # it takes aider 10 s to start
def test_it_tells_the_upstreams_refusal(running: House, tmp_path: Path) -> None:
    text, said = told_to_edit(running, "anthropic-refused", tmp_path)
    assert text == BEFORE
    assert REFUSED in said
