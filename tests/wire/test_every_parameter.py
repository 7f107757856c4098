"""Every parameter of every client dialect before every upstream.

With the parameter the request that goes out is another one; or it is refused with a 400 that names it; or it is named
as dropped (`x-sealink-dropped`). Nothing is left out in silence. docs/parameters.md is made of this: `make docs`.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dialects import CLIENTS
from sealink.app import UPSTREAM_DIALECTS
from sealink.errors import InvalidRequest
from sealink.wire.dialect import OutgoingRequest, same_dialect
from wire.pairs import dialect_of, head_of
from wire.parameters import PARAMETERS, Parameter

Fields = dict[str, Any]

DOCUMENT = Path(__file__).parents[2] / "docs" / "parameters.md"

MODELS = {
    "openai": "gpt-5.1",
    "anthropic": "claude-sonnet-4-6",
    "responses": "gpt-5.1",
    "gemini": "gemini-2.5-pro",
    "bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere": "command-a-reasoning-08-2025",
    "ollama": "qwen3",
}
"""For each upstream dialect a model that reasons: what can be asked of it depends on the model."""

_ALL = tuple(MODELS)
_NOT_OPENAI = tuple(dialect for dialect in MODELS if dialect != "responses")
_AUTO = "free choice is the default"
_OWN_THOUGHTS = "thinking signed by Anthropic is of no use to other models"
_STANDARD = "standard is the default"
_SHOWN = "reasoning is returned anyway"
SAID_ANYWAY: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("chat", "tool_choice: auto"): (_AUTO, ("cohere", "ollama")),
    ("messages", "tool_choice: auto"): (_AUTO, ("cohere", "ollama")),
    ("responses", "tool_choice: auto"): (_AUTO, ("cohere", "ollama")),
    ("messages", "messages: thinking"): (_OWN_THOUGHTS, ("openai", "responses", "gemini", "cohere")),
    ("chat", "service_tier: default"): (_STANDARD, ("cohere", "ollama")),
    ("messages", "service_tier"): (_STANDARD, ("cohere", "ollama")),
    ("responses", "service_tier: default"): (_STANDARD, ("cohere", "ollama")),
    ("messages", "thinking: adaptive"): (
        "the model decides how much it thinks, which is the default",
        ("openai", "bedrock", "cohere", "ollama"),
    ),
    ("messages", "thinking: disabled"): ("Claude does not think unless asked to", ("bedrock",)),
    ("responses", "include: reasoning"): ("signed reasoning is returned anyway", tuple(_NOT_OPENAI)),
    ("responses", "reasoning: summary"): (_SHOWN, ("openai", "anthropic", "bedrock", "cohere", "ollama")),
}
"""(Client, parameter) that asks for what is done without it, why, and before which upstreams."""

PAIRS = [(client, dialect) for client in CLIENTS for dialect in MODELS]


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_every_parameter_moves_the_request_is_refused_or_named(client: str, upstream: str) -> None:
    fates = {parameter.name: fate(client, upstream, parameter) for parameter in PARAMETERS[client]}
    silent = {name for name, it in fates.items() if it == SILENT}
    excused = {name for (end, name), (_, where) in SAID_ANYWAY.items() if end == client and upstream in where}
    assert silent == excused, {name: fates[name] for name in silent ^ excused}
    misnamed = {name: it for name, it in fates.items() if it not in KNOWN}
    assert not misnamed


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text() == document(), "`make docs` writes it"


PASSED, PARTLY, DROPPED, REFUSED, SILENT = KNOWN = "yes", "partly", "dropped", "400", "="


def fate(client: str, upstream: str, parameter: Parameter) -> str:
    """What becomes of a parameter: one of KNOWN, or else a name by which no user would find it."""
    spellings = dialect_of(client).spellings
    without = outgoing(client, upstream, parameter.before)
    try:
        told = outgoing(client, upstream, {**parameter.before, **parameter.added})
    except InvalidRequest as error:
        name = spellings.get(error.param or "", error.param or "")
        return REFUSED if is_named(name, parameter) else f"refused as {name}: {error.message}"
    has_moved = (told.body, told.path, told.headers) != (without.body, without.path, without.headers)
    new = [spellings.get(name, name) for name in told.dropped if name not in without.dropped]
    if not new:
        return PASSED if has_moved else SILENT
    if not any(is_named(name, parameter) for name in new):
        return f"dropped as {new}"
    return PARTLY if has_moved else DROPPED


def is_named(name: str, parameter: Parameter) -> bool:
    """Whether a name leads to the parameter: the field, or the last of the names on the way to it."""
    first, last = re.split(r"[.\[]", name)[0], name.rpartition(".")[2]
    if parameter.name == "function_call":  # the old name of the other
        return first in ("function_call", "tool_choice")
    return first in parameter.added or f'"{last}"' in json.dumps(parameter.added)


def outgoing(client: str, upstream: str, fields: Fields) -> OutgoingRequest:
    """What an upstream is sent for a client's request."""
    dialect, head = UPSTREAM_DIALECTS[upstream], head_of(client, **fields)
    if same_dialect(dialect, dialect_of(client)):
        return dialect.forward_request(head, MODELS[upstream])
    return dialect.write_request(dialect_of(client).parse_request(head), MODELS[upstream])


def document() -> str:
    """docs/parameters.md."""
    parts = [INTRODUCTION]
    for client, title in TITLES.items():
        parts += [f"## {title}", "\n".join(table(client)), *notes(client)]
    return "\n\n".join(parts) + "\n"


TITLES = {
    "chat": "Clients of OpenAI's Chat Completions",
    "messages": "Clients of Anthropic's Messages",
    "responses": "Clients of OpenAI's Responses",
}
INTRODUCTION = (
    """# How each parameter is handled

Written by `make docs` from `tests/wire/test_every_parameter.py`, which sends each parameter once to each upstream API.

- **yes**: sent to the upstream, translated where necessary. If client and upstream speak the same API, the client's own
  bytes are sent.
- **dropped**: the upstream does not support it. It is dropped and listed in the response header `x-sealink-dropped`;
  with `strict` in the request or its key, the request is refused.
- **partly**: sent, except for a part that is dropped and listed.
- **400**: the upstream cannot do it. The request is refused with a 400 that names the field.
- **=**: it asks for what happens by default, so nothing needs to be sent.

Models of the same API can differ. The models in this table: """
    + ", ".join(f"`{model}` ({dialect})" for dialect, model in MODELS.items())
    + "."
)


def table(client: str) -> list[str]:
    """A row a parameter, a column an upstream."""
    rows = [["parameter", *MODELS], ["---"] * (len(MODELS) + 1)]
    rows += [
        [f"`{parameter.name}`", *(fate(client, upstream, parameter) for upstream in MODELS)]
        for parameter in PARAMETERS[client]
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


def notes(client: str) -> list[str]:
    """Why some parameters need not be told."""
    lines = [f"- `{name}`: {why}." for (end, name), (why, _) in SAID_ANYWAY.items() if end == client]
    return ["\n".join(lines)] if lines else []


if __name__ == "__main__":
    print(document(), end="")
