"""The environment of the process: the only place that reads it."""

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import msgspec

VARIABLES: Final[Mapping[str, str]] = os.environ


class ProxyVariables(msgspec.Struct, frozen=True):
    """HTTP_PROXY, HTTPS_PROXY and the parts of NO_PROXY; None and () where they are not set."""

    http: str | None
    https: str | None
    no_proxy: tuple[str, ...]


def proxy_variables(variables: Mapping[str, str] = VARIABLES) -> ProxyVariables:
    """The proxies to use. A lower-case variable wins over its upper-case twin, as in curl."""

    def value(name: str) -> str:
        return variables.get(name.lower()) or variables.get(name) or ""

    no_proxy = tuple(part.strip() for part in value("NO_PROXY").split(",") if part.strip())
    return ProxyVariables(value("HTTP_PROXY") or None, value("HTTPS_PROXY") or None, no_proxy)


def admin_token(variables: Mapping[str, str] = VARIABLES) -> str:
    """The token of the admin API, "" where the environment has none."""
    return variables.get("SEALINK_ADMIN_TOKEN", "")


class ServiceVariables(msgspec.Struct, frozen=True):
    """What systemd says to a service that it starts; "" and 0 where it says nothing."""

    listen_pid: str = ""
    listen_fds: int = 0
    listen_fd_names: str = ""
    notify_socket: str = ""
    watchdog_pid: str = ""
    watchdog_usec: int = 0


def service_variables(variables: Mapping[str, str] = VARIABLES) -> ServiceVariables:
    """The variables of sd_listen_fds(3), sd_notify(3) and sd_watchdog_enabled(3)."""

    def number(name: str) -> int:
        value = variables.get(name, "")
        return int(value) if value.isdecimal() else 0

    return ServiceVariables(
        listen_pid=variables.get("LISTEN_PID", ""),
        listen_fds=number("LISTEN_FDS"),
        listen_fd_names=variables.get("LISTEN_FDNAMES", ""),
        notify_socket=variables.get("NOTIFY_SOCKET", ""),
        watchdog_pid=variables.get("WATCHDOG_PID", ""),
        watchdog_usec=number("WATCHDOG_USEC"),
    )


def wants_accelerator(variables: Mapping[str, str] = VARIABLES) -> bool:
    """Whether the part of SeaLink that is there in C, too, may be used in C."""
    return variables.get("SEALINK_ACCELERATOR") != "off"


class CollectorVariables(msgspec.Struct, frozen=True):
    """What OpenTelemetry's standard variables say about traces; empty where they are not set."""

    endpoint: str
    headers: dict[str, str]
    attributes: dict[str, str]
    service_name: str


def collector_variables(variables: Mapping[str, str] = VARIABLES) -> CollectorVariables:
    """https://opentelemetry.io/docs/specs/otel/protocol/exporter/. With OTEL_SDK_DISABLED there is no endpoint."""

    def value(name: str) -> str:
        return variables.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or variables.get(f"OTEL_EXPORTER_OTLP_{name}") or ""

    base = variables.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    endpoint = variables.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or (f"{base.rstrip('/')}/v1/traces" if base else "")
    is_off = variables.get("OTEL_SDK_DISABLED", "").lower() == "true"
    attributes = _pairs(variables.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    named = attributes.pop("service.name", "")
    return CollectorVariables(
        "" if is_off else endpoint, _pairs(value("HEADERS")), attributes, variables.get("OTEL_SERVICE_NAME") or named
    )


def _pairs(text: str) -> dict[str, str]:
    """`name=value,name=value`, percent-encoded."""
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs}
