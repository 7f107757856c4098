"""What is left of a key's or team's limits, budget and balance, whether or not a server runs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from sealink.cli.configuration import fail, load_or_exit

if TYPE_CHECKING:
    from sealink.config import Config
    from sealink.limits.standing import Standing
    from sealink.limits.subjects import Subject


def read_standing(subject: "Subject", config_path: Path | None) -> "Standing":
    """By the ledger, and by the counters of this machine. A store that cannot be read ends the command with 1."""
    from sealink.app.limits.spending import SpentByLedger, reports_of
    from sealink.limits.standing import standing_of
    from sealink.store.errors import StoreError, StoreUnavailable

    config = load_or_exit(config_path)
    try:
        return standing_of(subject, _used(subject, config), SpentByLedger(reports_of(config)), time.time())
    except (StoreError, StoreUnavailable) as error:
        fail(f"cannot read the store: {error}")


def _used(subject: "Subject", config: "Config") -> dict[str, int] | None:
    """What is counted on this machine; None where nothing is, or nodes count together, or it cannot be read."""
    from sealink.limits.counters import Counters
    from sealink.limits.shared_file import FileFull

    path = Path(config.server.data_dir) / "counters"
    if config.shared.redis_url is not None or not path.exists():
        return None
    try:
        counters = Counters(path, config.limits.max_names)
    except (OSError, FileFull):
        return None
    try:
        return counters.used(subject)
    except FileFull:
        return None
    finally:
        counters.close()
