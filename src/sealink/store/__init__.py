"""The database: connections, transactions and migrations, for SQLite and PostgreSQL."""
