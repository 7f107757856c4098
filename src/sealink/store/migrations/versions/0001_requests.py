"""The table of requests."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("key", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("task_type", sa.Text),
        sa.Column("client", sa.Text),
        sa.Column("streamed", sa.Boolean),
        sa.Column("ended", sa.Text, nullable=False),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("provider", sa.Text),
        sa.Column("served_model", sa.Text),
        sa.Column("attempts", sa.JSON, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cached_read_tokens", sa.BigInteger),
        sa.Column("cached_write_tokens", sa.BigInteger),
        sa.Column("reasoning_tokens", sa.BigInteger),
        sa.Column("usage_source", sa.Text),
        sa.Column("cost_nano_usd", sa.BigInteger),
        sa.Column("ttft_ms", sa.Double),
        sa.Column("duration_ms", sa.Double),
        sa.Column("chunks", sa.BigInteger, nullable=False),
        sa.Column("longest_gap_ms", sa.Double),
        sa.Column("bytes_sent", sa.BigInteger, nullable=False),
        sa.Column("timeline", sa.JSON, nullable=False),
    )
    op.create_index("requests_by_time", "requests", ["started_at"])
    op.create_index("requests_by_key", "requests", ["key", "started_at"])
    op.create_index("requests_by_model", "requests", ["model", "started_at"])


def downgrade() -> None:
    op.drop_table("requests")
