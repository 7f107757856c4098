"""What the workers of one SeaLink ask each other."""

import asyncio
import pickle
from pathlib import Path

import pytest

from sealink.net.siblings import Siblings

ANSWER = pickle.dumps({"open": 3, "models": ["fast", "slow"]})


async def asked(folder: Path, sent: bytes) -> list[str]:
    """The answers, where a sibling sends so much of its answer and dies."""

    async def dies(given: asyncio.StreamReader, output: asyncio.StreamWriter) -> None:
        await given.readline()
        output.write(sent)
        output.close()

    async def own(question: str) -> str:
        return question.upper()

    path = folder / "1.sock"
    async with await asyncio.start_unix_server(dies, path):
        found = await Siblings(folder, own).ask_all("metrics")
    path.unlink(missing_ok=True)
    return found


def test_a_sibling_that_dies_in_mid_answer_has_not_answered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Wherever its answer is cut."""
    for cut in range(len(ANSWER)):
        assert asyncio.run(asked(tmp_path, ANSWER[:cut])) == ["METRICS"]
        assert "the worker at 1.sock does not answer: " in caplog.messages[cut]
    assert asyncio.run(asked(tmp_path, ANSWER)) == ["METRICS", pickle.loads(ANSWER)]
