"""What a store raises."""


class StoreError(Exception):
    """The store's URL cannot be used. The message says why and never contains the password."""


class StoreTooNew(StoreError):
    """A newer SeaLink has changed the tables. The message names both versions."""


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked, or refused a statement. The message is the database's own."""
