"""The config that the workers of one SeaLink have in force, for one that is started after it was reloaded."""

import os
import pickle
from pathlib import Path

from sealink.config import Config


class SharedConfig:
    """Kept in the folder in which they meet, which only their user can open. Without a folder there is one process."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def keep(self, config: Config) -> None:
        """It is in force now. Raises OSError where it cannot be kept."""
        if self._folder is not None:
            written = self._folder / f"{os.getpid()}.config"
            written.write_bytes(pickle.dumps(config))
            written.replace(self._folder / "config")

    def newest(self) -> Config | None:
        """What was last put in force by a reload; None: there was none. Raises OSError."""
        if self._folder is None:
            return None
        try:
            kept: Config = pickle.loads((self._folder / "config").read_bytes())
        except FileNotFoundError:
            return None
        return kept
