"""The admin API: JSON under /admin/v1, on a port of its own.

endpoints       the table: each operation's method, path, what it takes and gives; operation: one entry, and its handler
keys, teams     what the operations do; audit: who did what
usage           sums over requests, single requests, a month's bill
streams         what runs now: open streams, targets; playground: a model tried from the console
webhooks        what waits for webhooks, and dead letters
config          the config, shown and read again
shapes          what operations take and give, besides the records of access/records.py
sessions        who is signed in to the console
guard           which requests are let in: by Host, Origin and token; headers of every answer
admin_token     the token, made at the first start
openapi         the OpenAPI document, written from the table

Operations block, and run in threads. They import SQLAlchemy when they are first used.
"""
