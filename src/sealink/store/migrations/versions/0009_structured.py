"""Whether a request asked for structured output. Of the rows of an older SeaLink that is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("requests", sa.Column("structured", sa.Boolean))


def downgrade() -> None:
    op.drop_column("requests", "structured")
