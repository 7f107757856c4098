"""How the ledger writes and carries."""

import msgspec


class LedgerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits and times of a ledger."""

    segment_bytes: int = 4 * 1024 * 1024
    """A journal's file is finished at this size; it is removed when all it let in is in the store."""
    fsync: bool = False
    """Make each entry outlive a loss of power, at the price of waiting for the disk with each one."""
    carry_every_s: float = 1.0
    """How long an entry may wait in the journal while the store is up."""
    batch_entries: int = 100
    """Entries carried at once. The uploader holds the interpreter's lock for a part of each batch: keep it small."""
    retry_min_s: float = 0.1
    """The first wait after the store has failed; it doubles with each further failure."""
    retry_max_s: float = 5.0
    """The longest wait between two tries while the store is down."""
    recover_every_s: float = 10.0
    """How often to look for journals whose owners have died."""
    store_timeout_s: float = 5.0
    """How long to wait for a connection to the store, or for its lock, before that counts as a failure."""
    close_s: float = 5.0
    """How long `close` may take to carry what is left. The rest is carried at the next start."""
