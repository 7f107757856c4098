"""The limits and times of a ledger."""

import msgspec


class LedgerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Of one process's ledger. Only `fsync` and `keep_days` are set in sealink.toml ([store])."""

    segment_bytes: int = 4 * 1024 * 1024
    """A journal's file is finished at this size; it is removed when all requests admitted in it are in the store."""
    fsync: bool = False
    """Make each entry outlive a loss of power; each one then waits for the disk."""
    upload_every_s: float = 1.0
    """How long an entry may wait in the journal while the store is up."""
    batch_entries: int = 100
    """Entries uploaded at once. The uploader holds the interpreter's lock for a part of each batch: keep it small."""
    retry_min_s: float = 0.1
    """The first wait after the store has failed; it doubles with each further failure."""
    retry_max_s: float = 5.0
    """The longest wait between two tries while the store is down."""
    recover_every_s: float = 10.0
    """How often to look for journals whose owners have died."""
    store_timeout_s: float = 5.0
    """How long to wait for a connection to the store, or for its lock, before that counts as a failure."""
    keep_days: int = 0
    """How many days rows are kept, besides today's, before only the sums of their day are. 0: for ever."""
    roll_up_every_s: float = 3600.0
    """How often to look for rows that are older."""
    close_s: float = 5.0
    """How long `close` may take to upload what is left. The rest is uploaded at the next start."""
