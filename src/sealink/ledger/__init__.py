"""One row for each request that was let in, whatever became of it.

    gateway ──admit, settle──▶ Journal (files) ──JournalCursor──▶ Store (SQLite, PostgreSQL) ──▶ report
                                   └── the Uploader's thread does everything right of here

An entry is one write() to a file, so it outlives the process and never waits for the store. A row is
made of an admission and its settlement, and is inserted once, by its request's id: carrying the same
entries again changes nothing. The journals of processes that have died are taken over by the next
one to look; what they had let in and not settled is settled there as `killed`.

ledger             what the gateway sees of it: admit, settle, and nothing to wait for; settings: how it writes
entry, timeline    what is written down about a request, and when what happened to it
journal, replay    the writing end of the files, and the reading end
cursor            one journal on its way into the store; uploader: all of them; carrier_thread: again and again
waiting            what is still on its way
store, engine      where rows are kept, and what differs between databases
row, table         an entry as a row, and the table; migrations: how it came to be what it is
location           where all this is
report             what `sealink usage` tells
"""
