"""One row for each request that was let in, whatever became of it.

    gateway ──admit, settle──▶ Journal (files) ──Backlog──▶ Store (SQLite, PostgreSQL) ──▶ report
                                   └── the Carrier's thread does everything right of here

An entry is one write() to a file, so it outlives the process and never waits for the store. A row is
made of an admission and its settlement, and is inserted once, by its request's id: carrying the same
entries again changes nothing. The journals of processes that have died are taken over by the next
one to look; what they had let in and not settled is settled there as `killed`.
"""
