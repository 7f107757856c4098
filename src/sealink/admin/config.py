"""The config: shown without its secrets, and read again on request."""

from collections.abc import Callable
from typing import Protocol

from sealink.admin.operation import Call
from sealink.admin.shapes import ConfigReloaded, RunningConfig, Section
from sealink.errors import InvalidRequest


class Changed(Protocol):
    """What has changed, as config/changes.py says it."""

    @property
    def applied(self) -> tuple[str, ...]: ...
    @property
    def at_restart(self) -> tuple[str, ...]: ...


class Reload:
    """The operation. `reload` is called in a thread, and raises a ValueError that says, with file and line, why the
    config is not put in force."""

    def __init__(self, reload: Callable[[], Changed]) -> None:
        self._reload = reload

    def run(self, call: Call) -> ConfigReloaded:
        """Raises InvalidRequest where the config has mistakes: nothing has changed then."""
        try:
            found = self._reload()
        except ValueError as error:
            raise InvalidRequest(str(error), code="invalid_config") from error
        return ConfigReloaded(found.applied, found.at_restart)


class ShowConfig:
    """The operation. `sections` are those of the config in force, masked."""

    def __init__(self, sections: Callable[[], list[Section]]) -> None:
        self._sections = sections

    def run(self, call: Call) -> RunningConfig:
        return RunningConfig(self._sections())
