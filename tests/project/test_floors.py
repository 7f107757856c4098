"""The shape of the house, read from the source with `ast`: each failure names the line that breaks a rule.

Imports go down only; wire/ and policy/ are pure; the environment is read in one place; a vendor's name is
spelled in its own file.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sealink"

FLOORS = [
    {"amounts", "daemon_thread", "errors", "events", "request", "trace_context", "usage", "__init__", "__version__"},
    {"wire", "providers", "catalog"},
    {"policy", "store"},
    {"ledger", "access", "limits"},
    {"telemetry", "webhooks"},
    {"net"},
    {"http"},
    {"gateway"},
    {"sim", "recorder", "benchmark", "doctor", "admin", "documentation", "migration"},
    {"console"},
    {"config", "app"},
    {"cli", "__main__"},
]
PURE = {"wire", "policy"}
IMPURE_MODULES = {"asyncio", "datetime", "logging", "random", "secrets", "select", "socket", "ssl", "threading", "time"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv"}

VENDORS = {
    "avian", "azure", "bedrock", "cerebras", "cohere", "crusoe", "deepseek", "doubleword", "fireworks", "gemini",
    "gpustack", "groq", "heroku", "huggingface", "llamacpp", "lmstudio", "mistral", "mistralrs", "moonshot", "ollama",
    "openrouter", "perplexity", "portkey", "qwen", "snowflake", "together", "vercel", "venice", "vertex", "vllm",
    "writer", "xai", "zai", "zhipu",
}  # fmt: skip
PLAIN_WORDS = {"together", "writer"}
"""Vendors whose names are English words: only a string or name that is nothing else is taken for the vendor's."""

WIRE_FIELDS = {"x_groq"}
"""Fields that are named after a vendor and sent by others too."""

DIALECTS = {
    "openai": "openai_chat",
    "anthropic": "anthropic_messages",
    "bedrock": "bedrock_converse",
    "cohere": "cohere_chat",
    "gemini": "gemini_generate",
    "ollama": "ollama_chat",
    "responses": "openai_responses",
}
"""A dialect's name, and the folder of wire/dialects that may spell it, beside the files of shared/ named after it."""
OTHER_MEANINGS = {("admin/openapi.py", "responses"), ("migration/litellm.py", "responses")}
"""Where a dialect's name is a word of another standard."""
DIALECT_CHOICES = {"config/sections.py", "migration/litellm_providers.py", "app/dialects.py", "sim/handler.py"}
"""Where users choose a dialect by its name, besides providers/ and sim/."""


def dialects_of(file: str) -> set[str]:
    """The names of dialects that a file may spell."""
    if file in DIALECT_CHOICES or room_of(file) == "providers":
        return set(DIALECTS)
    folders = {name: (f"wire/dialects/{folder}", f"wire/dialects/shared/{name}") for name, folder in DIALECTS.items()}
    return {name for name, prefixes in folders.items() if file.startswith(prefixes)}


FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))


@cache
def parsed(file: str) -> ast.Module:
    return ast.parse((SOURCE / file).read_text(), filename=file)


def room_of(file: str) -> str:
    """The part of the house: the folder, or the module right under sealink."""
    return file.split("/")[0].removesuffix(".py")


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


ROOMS = sorted({room_of(file) for file in FILES})


def files_of(room: str) -> list[str]:
    return [file for file in FILES if room_of(file) == room]


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every module that is imported anywhere in a file, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names = [alias.name for alias in node.names] if node.module == "sealink" else [""]
            yield from ((node.lineno, f"{node.module}.{name}".rstrip(".")) for name in names)


def spelled(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name and string of a file, docstrings apart, with its line."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, documented)]
    statements = [statement for body in bodies for statement in body if isinstance(statement, ast.Expr)]
    docstrings = {id(statement.value) for statement in statements if isinstance(statement.value, ast.Constant)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in docstrings:
            yield line, node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        for field in ("id", "attr", "arg", "name"):
            if isinstance(word := getattr(node, field, None), str):
                yield line, word


@cache
def spelled_in(file: str) -> list[tuple[int, str]]:
    return list(spelled(parsed(file)))


@cache
def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()))


def test_the_walk_sees_the_house() -> None:
    assert {"errors.py", "wire/framing/sse.py", "net/server/server.py", "cli/main.py"} <= set(FILES)
    tree = ast.parse('"""doc"""\nimport os\nfrom sealink import app\ndef f(mistral_key):\n    return "groq"\n')
    assert list(imports(tree)) == [(2, "os"), (3, "sealink.app")]
    assert [(line, text) for line, text in spelled(tree) if words(text) & VENDORS] == [(4, "mistral_key"), (5, "groq")]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_floor(room: str) -> None:
    assert any(room in rooms for rooms in FLOORS), f"src/sealink/{room} is on no floor of {__file__}"


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_down_only(room: str) -> None:
    floor = floor_of(room)
    upward = [
        f"src/sealink/{file}:{line}: {room} (floor {floor}) imports {module}"
        for file in files_of(room)
        for line, module in imports(parsed(file))
        if module.startswith("sealink.") and floor_of(module.split(".")[1]) > floor
    ]
    assert not upward, "\n".join(upward)


def test_a_dialect_imports_no_other() -> None:
    foreign = [
        f"src/sealink/{file}:{line}: imports {module}; what dialects share is in wire/dialects/shared"
        for file in FILES
        if file.startswith("wire/dialects/") and file.count("/") > 2
        for line, module in imports(parsed(file))
        if module.startswith("sealink.wire.dialects.") and module.split(".")[3] not in (file.split("/")[2], "shared")
    ]
    assert not foreign, "\n".join(foreign)


def test_a_config_names_what_it_configures_as_plain_data_only() -> None:
    """Settings stand beside the code that they configure; of the rooms that act, config/ may import nothing else."""
    acting = ("sealink.net", "sealink.http", "sealink.gateway", "sealink.sim", "sealink.recorder", "sealink.app")
    found = [
        f"src/sealink/{file}:{node.lineno}: imports {alias.name} of {node.module}"
        for file in files_of("config")
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(acting)
        for alias in node.names
        if not alias.name.endswith(("Settings", "Limits"))
    ]
    impure = IMPURE_MODULES - {"secrets"} | {"sqlalchemy"}
    found += [
        f"src/sealink/{file}:{line}: imports {module}"
        for file in files_of("config")
        for line, module in imports(parsed(file))
        if module.split(".")[0] in impure
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", sorted(PURE))
def test_the_pure_rooms_have_no_clock_socket_log_or_chance(room: str) -> None:
    found = [
        f"src/sealink/{file}:{line}: imports {module}"
        for file in files_of(room)
        for line, module in imports(parsed(file))
        if module.split(".")[0] in IMPURE_MODULES
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", ROOMS)
def test_one_file_reads_the_environment(room: str) -> None:
    found = [
        f"src/sealink/{file}:{line}: {name}"
        for file in files_of(room)
        if file != "config/environment.py"
        for line, name in spelled_in(file)
        if name in ENVIRONMENT
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", ROOMS)
def test_a_vendors_name_is_spelled_in_its_own_file(room: str) -> None:
    found = []
    for file in files_of(room):
        if file == "providers/__init__.py":  # the list of them all
            continue
        foreign = {name for name in VENDORS if name not in Path(file).stem} - dialects_of(file)
        found += [
            f"src/sealink/{file}:{line}: {text!r}"
            for line, text in spelled_in(file)
            if text not in WIRE_FIELDS and (words(text) & foreign - PLAIN_WORDS or text in PLAIN_WORDS & foreign)
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ("providers", "sim")])
def test_a_dialects_name_is_spelled_where_dialects_are_written_or_chosen(room: str) -> None:
    found = [
        f"src/sealink/{file}:{line}: {text!r}"
        for file in files_of(room)
        for line, text in spelled_in(file)
        if text in DIALECTS and text not in dialects_of(file) and (file, text) not in OTHER_MEANINGS
    ]
    assert not found, "\n".join(found)
