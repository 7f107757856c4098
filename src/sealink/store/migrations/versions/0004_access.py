"""Keys, teams, and the audit of changes to them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    state = op.create_table(
        "access_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("secret", sa.Text),
    )
    op.bulk_insert(state, [{"id": 1, "changes": 0, "secret": None}])
    for name in ("api_keys", "teams"):
        op.create_table(
            name,
            sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True),
            sa.Column("rules", sa.JSON, nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("revoked_at", sa.DateTime(timezone=True)),
            sa.Column("ends_streams", sa.Boolean, nullable=False),
            sa.Column("change", sa.BigInteger, nullable=False),
        )
        op.create_index(f"{name}_by_change", name, ["change"])
    op.create_table(
        "key_secrets",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
    )
    op.create_index("key_secrets_by_key", "key_secrets", ["key"])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
    )


def downgrade() -> None:
    for name in ("audit", "key_secrets", "teams", "api_keys", "access_state"):
        op.drop_table(name)
