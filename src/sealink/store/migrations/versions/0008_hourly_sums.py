"""What charts show of the hours whose rows were removed.

Of the rows that an older SeaLink has removed only the sums of their days are left: their hours have no sums.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "hourly_sums",
        sa.Column("hour", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("sums", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("hourly_sums")
