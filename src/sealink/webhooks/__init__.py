"""Events sent to webhooks, by https://www.standardwebhooks.com: signed, at least once, with back-off.

    audit, rows, targets, budgets ──▶ Outbox (the store) ──▶ Deliverer (a thread of one process) ──▶ the endpoints

An event that has happened in the store is written to the outbox in the same transaction, or is found there afterwards,
so that none is lost. A message is there once for each endpoint that wants it, until it is delivered. One that was
tried too often is a dead letter: it stays until it is sent again by hand, or for 30 days.

settings    [[webhooks]]
events      what is sent: types, bodies, signatures, and when it is sent again; pure
outbox      the messages that wait, and dead letters
endpoint_states  how the deliveries to each endpoint go
key_events  keys that were made, rotated, revoked, or that expire
usage_events  rows that the ledger has stored
budget_events budgets and balances that come to an end
delivery    one message to one endpoint
deliverer   sends what waits, again and again

Only the outbox and what finds events import SQLAlchemy; a process without webhooks imports `settings` only.
"""
