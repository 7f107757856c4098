"""The database, SQLite or PostgreSQL. Each package declares its own tables on `schema.metadata`.

url         a store's URL: is it usable, and where is the file of an SQLite store (pure: nothing is imported or opened)
schema      the metadata that tables are declared on, and column types that both databases take
bulk_insert many rows at once, straight through the driver
engine      how each database is connected to and how its transactions begin
store       transactions, inserts and migrations; migrations/ holds the steps, run by Alembic
errors      what a store raises

All but `url` and `errors` import SQLAlchemy (0.1 s, 12 MiB): the server does so in a thread, once it listens.
"""
