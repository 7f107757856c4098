"""Who has read one dialect's folder can open any other: a role has the same file name, and the same symbol in it."""

from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "sealink"
WIRE = SOURCE / "wire" / "dialects"
DIALECTS = sorted(folder for folder in WIRE.iterdir() if (folder / "upstream").is_dir() and folder.name != "shared")

BOTH_SIDES = {"usage": (), "finish": ()}
UPSTREAM_SIDE = {
    "upstream/dialect": ("Upstream",),
    "upstream/write_request": ("write_request",),
    "upstream/decode": ("Decoder", "decode_whole"),
    "upstream/errors": ("read_error",),
}
CLIENT_SIDE = {
    "client/dialect": ("Client",),
    "client/parse_request": ("parse_head", "parse_request", "prompt_text"),
    "client/encode_stream": ("Encoder",),
    "client/encode_whole": ("encode_whole",),
    "client/heartbeat": ("HEARTBEATS",),
    "client/errors": ("error_body", "error_frame"),
    "upstream/forward_request": ("forward_request",),
    "upstream/passthrough": ("Passthrough", "passthrough_whole"),
}
"""What a dialect has beside the rest if clients speak it too. A name in capitals is the end of a class's name."""

MAX_FILES = 16
MORE_FILES = {"providers/vendors"}
"""One record a file, as many as there are vendors."""


def roles_of(dialect: Path) -> dict[str, tuple[str, ...]]:
    return {**BOTH_SIDES, **UPSTREAM_SIDE, **(CLIENT_SIDE if (dialect / "client").is_dir() else {})}


def test_the_walk_sees_the_dialects() -> None:
    assert {"openai_chat", "bedrock_converse", "ollama_chat"} <= {folder.name for folder in DIALECTS}
    assert [len(roles_of(folder)) for folder in DIALECTS if folder.name in ("ollama_chat", "openai_chat")] == [6, 14]


@pytest.mark.parametrize(("dialect", "role"), [(folder.name, role) for folder in DIALECTS for role in roles_of(folder)])
def test_a_role_has_one_name_in_every_dialect(dialect: str, role: str) -> None:
    module = import_module(f"sealink.wire.dialects.{dialect}.{role.replace('/', '.')}")
    for symbol in roles_of(WIRE / dialect)[role]:
        assert any(name == symbol or (symbol.istitle() and name.endswith(symbol)) for name in vars(module)), symbol


@pytest.mark.parametrize(
    "folder", sorted({path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")})
)
def test_a_folder_can_be_taken_in_at_a_glance(folder: str) -> None:
    if folder not in MORE_FILES:
        assert len(list((SOURCE / folder).glob("*.py"))) <= MAX_FILES
