"""The part of the Compose Specification that deploy/ uses: a key that is written wrong has no place in it.

https://github.com/compose-spec/compose-spec/blob/main/05-services.md
"""

from typing import Any

TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}


def only(required: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    """An object of these properties and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def each(value: Any) -> dict[str, Any]:
    """An object of any names, each with such a value."""
    return {"type": "object", "additionalProperties": value}


SERVICE = only(
    ("image",),
    build=only(("context",), context=TEXT, dockerfile=TEXT),
    image=TEXT,
    command=TEXTS,
    environment=each({"type": ["string", "number", "null"]}),
    healthcheck=only(("test",), test=TEXTS, interval=DURATION, timeout=DURATION, start_period=DURATION),
    depends_on={"anyOf": [TEXTS, each(only(("condition",), condition={"enum": ["service_healthy"]}))]},
    networks=TEXTS,
    ports=TEXTS,
    volumes=TEXTS,
    read_only=FLAG,
    tmpfs=TEXTS,
    cap_drop=TEXTS,
    security_opt=TEXTS,
    shm_size=TEXT,
    ulimits=each({"type": "integer"}),
    stop_signal=TEXT,
    stop_grace_period=DURATION,
    restart={"enum": ["unless-stopped"]},
)
SCHEMA = {
    **only(
        ("services",),
        name=TEXT,
        services=each(SERVICE),
        networks=each({"anyOf": [{"type": "null"}, only(internal=FLAG)]}),
        volumes=each({"type": "null"}),
    ),
    "patternProperties": {"^x-": {}},
}
