"""The tables of keys, teams and changes to them.

Rules are one JSON document per key: they are only ever read and written as a whole. Rows are never deleted, so that a
process finds all that has changed since it last looked by the column `change`.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, Table, Text, false, text

from sealink.store.schema import UtcDateTime, metadata

Name = Text().with_variant(Text(collation="C"), "postgresql")
"""A name, in the order of its code points, as in Python and SQLite."""

access_state = Table(
    "access_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, of id 1
    Column("changes", BigInteger, nullable=False),  # how many changes there have been to keys and teams
    Column("secret", Text),  # the access secret, where the config has none
    # Whether rows and balances of an older SeaLink wait for what a config says of its keys: see openings.py.
    Column("adopts_config", Boolean, nullable=False, server_default=false()),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("name", Name, primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("ends_streams", Boolean, nullable=False),  # whether its revocation ends open streams
    Column("change", BigInteger, nullable=False),  # access_state.changes when it was last changed
    Index("api_keys_by_change", "change"),
)

key_secrets = Table(
    "key_secrets",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime),  # when a rotation takes it out of force
    Index("key_secrets_by_key", "key"),
)

teams = Table(
    "teams",
    metadata,
    Column("name", Name, primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("ends_streams", Boolean, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index("teams_by_change", "change"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
)

_IS_OPENING = text("kind = 'opening'")

balance_postings = Table(
    "balance_postings",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("key", Name, nullable=False),  # of the config's keys too
    Column("at", UtcDateTime, nullable=False),
    Column("amount_nano_usd", BigInteger, nullable=False),  # paid in; below 0: taken back
    Column("change", BigInteger, nullable=False),
    Column("kind", Text, nullable=False, server_default="top_up"),  # opening | top_up | refund
    Index("balance_postings_by_key", "key"),
    Index("balance_openings", "key", unique=True, sqlite_where=_IS_OPENING, postgresql_where=_IS_OPENING),
)
