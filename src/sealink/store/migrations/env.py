"""Run by Alembic; the connection, already locked and in a transaction, comes from store/store.py."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
