"""CONTRIBUTING.md's new vendor, added to a copy of SeaLink as the diff there says, and streamed through."""

import re
import shutil
import subprocess
from pathlib import Path

import openai
import pytest

from acceptance.made_streams import openai_stream
from acceptance.sealink_process import KEY, SealinkProcess
from outside import program
from replay import Answer, ReplayingUpstream

ROOT = Path(__file__).parents[2]
NAME = "nebius"


@pytest.fixture
def diff() -> str:
    """The one diff of CONTRIBUTING.md."""
    (found,) = re.findall(r"^```diff\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def test_it_is_one_file_and_one_line(diff: str) -> None:
    new_file, _, listed = diff.partition("--- a/src/sealink/providers/__init__.py")
    assert new_file.startswith(f"--- /dev/null\n+++ b/src/sealink/providers/vendors/{NAME}.py\n")
    assert re.findall(r"^[+-](?![+-])(.*)$", listed, re.MULTILINE) == [f'    "{NAME}",']


def test_the_new_vendor_is_streamed_through(diff: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    subprocess.run([program("git"), "apply", "-"], cwd=tmp_path, input=diff, text=True, check=True)
    upstream_answer = Answer(openai_stream(["The ", "sea."]), 200, [("content-type", "text/event-stream")])
    with ReplayingUpstream(lambda request: upstream_answer) as upstream:
        config = (
            f'[[providers]]\nname = "{NAME}"\nbase_url = "{upstream.url}/v1"\napi_key = "sk-upstream"\n'
            f'[[models]]\nid = "m"\ntargets = [{{ provider = "{NAME}", model = "m" }}]\n'
        )
        with (
            SealinkProcess(config, tmp_path, {"PYTHONPATH": str(tmp_path / "src")}) as sealink,
            openai.OpenAI(base_url=f"{sealink.url}/v1", api_key=KEY) as client,
        ):
            stream = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            assert stream.response.headers["x-sealink-upstream"] == NAME
            assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "The sea."
        (exchange,) = upstream.exchanges
    assert exchange.request.headers["authorization"] == "Bearer sk-upstream"
