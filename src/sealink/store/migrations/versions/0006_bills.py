"""Teams and statuses of requests, daily sums, and what each posting to a balance is.

What an older SeaLink has left is made complete: the rows of the store's keys get the team that their key has now, and
the balances that keys were made with become postings. For the keys of a config file the first SeaLink that runs with
one does the same (access/tables/openings.py), as `access_state.adopts_config` asks it to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NANO = 10**9
_TEXTS = ("key", "team", "model", "provider", "task_type")
_SUMS = (
    "requests",
    "not_done",
    "unpriced",
    "input_tokens",
    "output_tokens",
    "cached_read_tokens",
    "cached_write_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
    "estimated_cost_nano_usd",
    "hedge_cost_nano_usd",
    "price_nano_usd",
    "balance_price_nano_usd",
)
_IS_OPENING = sa.text("kind = 'opening'")


def upgrade() -> None:
    op.add_column("requests", sa.Column("team", sa.Text))
    op.add_column("requests", sa.Column("status", sa.Integer))
    op.create_index("requests_by_team", "requests", ["team", "started_at"])
    op.create_table(
        "daily_usage",
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.Text, primary_key=True) for name in _TEXTS),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _SUMS),
    )
    op.add_column("balance_postings", sa.Column("kind", sa.Text, nullable=False, server_default="top_up"))
    op.create_index(
        "balance_openings",
        "balance_postings",
        ["key"],
        unique=True,
        sqlite_where=_IS_OPENING,
        postgresql_where=_IS_OPENING,
    )
    op.add_column("access_state", sa.Column("adopts_config", sa.Boolean, nullable=False, server_default=sa.false()))
    _complete(op.get_bind())


def _complete(connection: sa.Connection) -> None:
    requests = sa.table("requests", sa.column("key"), sa.column("team"))
    keys = sa.table("api_keys", sa.column("name"), sa.column("rules", sa.JSON), sa.column("created_at", sa.DateTime))
    state = sa.table("access_state", sa.column("adopts_config", sa.Boolean))
    moment = sa.DateTime(timezone=True)
    postings = sa.table(
        "balance_postings",
        sa.column("key"),
        sa.column("at", moment),
        sa.column("amount_nano_usd"),
        sa.column("change"),
        sa.column("kind"),
    )
    paid_in = set(connection.execute(sa.select(postings.c.key).distinct()).scalars())
    for name, rules, created_at in connection.execute(sa.select(keys)).all():
        if rules.get("team") is not None:
            connection.execute(sa.update(requests).where(requests.c.key == name).values(team=rules["team"]))
        opening = rules.get("balance_usd")
        if opening is not None or name in paid_in:
            row = {"key": name, "amount_nano_usd": round((opening or 0) * _NANO), "change": 0, "kind": "opening"}
            connection.execute(sa.insert(postings).values(**row, at=created_at))
    if connection.execute(sa.select(requests.c.key).limit(1)).first() is not None:
        connection.execute(sa.update(state).values(adopts_config=True))


def downgrade() -> None:
    op.drop_column("access_state", "adopts_config")
    op.drop_index("balance_openings", "balance_postings")
    op.drop_column("balance_postings", "kind")
    op.drop_table("daily_usage")
    op.drop_index("requests_by_team", "requests")
    op.drop_column("requests", "status")
    op.drop_column("requests", "team")
