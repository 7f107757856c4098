"""What holds for every file of the repository."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from outside import program

ROOT = Path(__file__).parents[2]

VAGUE_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
REGISTRY_HOST = re.compile(r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|crates|debian|golang|maven)\.(?:org|com|io)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|Users|opt|tmp/x)/\w")
LOCKS = [
    *(
        f"requirements/{name}.txt"
        for name in ("run", "test", "build", "clients-agents", "clients-older", "clients-aider")
    ),
    "tests/node/package-lock.json",
    "tests/codex/package-lock.json",
    "tests/console/package-lock.json",
]


@pytest.fixture(scope="module")
def files() -> list[str]:
    """All text files of the repository that are, or would be, committed."""
    command = [program("git"), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [file for file in listed.split("\0") if file and (ROOT / file).is_file() and not file.endswith(".png")]


def lines_with(pattern: re.Pattern[str], files: list[str]) -> list[str]:
    return [
        f"{file}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate((ROOT / file).read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_registry_is_named(files: list[str]) -> None:
    assert REGISTRY_HOST.search("https://files.python" + "hosted.org/packages")
    assert not lines_with(REGISTRY_HOST, files)


def test_no_path_of_some_machine_is_named(files: list[str]) -> None:
    assert MACHINE_PATH.search("see /ho" + "me/somebody/notes")
    assert not lines_with(MACHINE_PATH, files)


def test_no_file_has_a_name_that_says_nothing(files: list[str]) -> None:
    assert not [file for file in files if VAGUE_NAMES & set(re.split(r"[._]", Path(file).name.lower()))]


def test_every_file_ends_with_one_newline(files: list[str]) -> None:
    streams_end_in_a_blank_line = ".sse"
    texts = {file: (ROOT / file).read_bytes() for file in files if not file.endswith(streams_end_in_a_blank_line)}
    assert not [file for file, text in texts.items() if text and (not text.endswith(b"\n") or text.endswith(b"\n\n"))]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    text = re.sub(r'"funding": {[^}]*}', "", (ROOT / lock).read_text())
    assert "://" not in text
    assert "sha256:" in text or "sha512-" in text


@pytest.mark.parametrize(
    ("lock", "group"),
    [
        (name, None if name == "run" else name)
        for name in ("run", "test", "build", "clients-agents", "clients-older", "clients-aider")
    ],
)
def test_a_lock_pins_what_the_project_asks_for(lock: str, group: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["dependency-groups"][group] if group else project["project"]["dependencies"]
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE)
    assert {re.match(r"[\w.-]+", each)[0].lower() for each in asked} <= set(pinned)  # type: ignore[index]


def test_the_locks_agree() -> None:
    pins: dict[str, set[str]] = {}
    for lock in LOCKS[:3]:
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE):
            pins.setdefault(name, set()).add(version)
    assert not {name: versions for name, versions in pins.items() if len(versions) > 1}


def test_the_build_is_made_with_what_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["build-system"]["requires"]) <= set(project["dependency-groups"]["build"])
