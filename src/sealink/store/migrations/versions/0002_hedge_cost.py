"""What a hedge that lost has cost, apart from the answer's cost."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("requests", sa.Column("hedge_cost_nano_usd", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("requests", "hedge_cost_nano_usd")
