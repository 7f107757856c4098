"""What two configs differ in, as an operator is told when the newer one is put in force."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import msgspec

from sealink.config.sections import Config, ConfigFile, ServerConfig
from sealink.net.server.limits import ServerLimits

_WORKERS: Final = ("restart_pause_s", "max_restart_pause_s")
_PLACES: Final = ("host", "port", "unix_socket", "unix_socket_mode", "tls_cert", "tls_key", "tls_poll_s", "data_dir")
_OF_SERVER: Final = (*ServerLimits.__struct_fields__, *_WORKERS, *_PLACES)
AT_RESTART: Final = frozenset(
    {"admin", "console", "access", "store", "shared", "webhooks", "upstream", "detach", "traces"}
    | {f"server.{name}" for name in _OF_SERVER}
)
"""What a running process keeps as it was: tables, and single settings of [server]."""


class Changes(msgspec.Struct, frozen=True):
    """`applied` are in force for new requests, `at_restart` only after a restart. Each is a line such as
    `[[models]] fast: changed`."""

    applied: tuple[str, ...] = ()
    at_restart: tuple[str, ...] = ()

    def __str__(self) -> str:
        waiting = [f"{line} (after a restart)" for line in self.at_restart]
        return "; ".join([*self.applied, *waiting]) or "nothing has changed"


class _Named(Protocol):
    """A table of an array that has a name."""


def changes(old: Config, new: Config) -> Changes:
    """How `new` differs from `old`. No value is told: some are secret."""
    applied: list[str] = []
    at_restart: list[str] = []
    for section in ConfigFile.__struct_fields__:
        for name, line in _differences(section, getattr(old, section), getattr(new, section)):
            (at_restart if name in AT_RESTART or section in AT_RESTART else applied).append(line)
    return Changes(tuple(applied), tuple(at_restart))


def in_force(running: Config, new: Config) -> Config:
    """`new`, but with what a running process keeps."""
    tables = {name: getattr(running, name) for name in ConfigFile.__struct_fields__ if name in AT_RESTART}
    kept = [name for name in ServerConfig.__struct_fields__ if f"server.{name}" in AT_RESTART]
    server = msgspec.structs.replace(new.server, **{name: getattr(running.server, name) for name in kept})
    return msgspec.structs.replace(new, server=server, **tables)


def _differences(section: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    """The path of each setting that differs, with its line."""
    if old == new:
        return
    if isinstance(old, tuple):
        yield from ((section, line) for line in _of_array(section, old, new))
        return
    for field in old.__struct_fields__:
        if getattr(old, field) != getattr(new, field):
            yield f"{section}.{field}", f"[{section}] {field}: changed"


def _of_array(section: str, old: Sequence[_Named], new: Sequence[_Named]) -> Iterator[str]:
    before, after = _by_name(old), _by_name(new)
    for name in before | after:
        verb = "added" if name not in before else "removed" if name not in after else "changed"
        if before.get(name) != after.get(name):
            yield f"[[{section}]] {name}: {verb}"
    if list(before) != list(after) and before == after:
        yield f"[[{section}]]: in another order"


def _by_name(tables: Sequence[_Named]) -> dict[str, _Named]:
    return {_name(table, number): table for number, table in enumerate(tables, 1)}


def _name(table: _Named, number: int) -> str:
    return str(getattr(table, "name", "") or getattr(table, "id", "") or number)
