"""The price of an answer: its cost with the operator's markup."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("requests", sa.Column("price_nano_usd", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("requests", "price_nano_usd")
