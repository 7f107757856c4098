"""One row for each request that was admitted, whatever became of it.

    gateway ──admit, settle──▶ Journal (files) ──JournalCursor──▶ RequestsTable (SQLite, PostgreSQL) ──▶ reports
                                   └── the Uploader, in a thread of its own, does everything right of here

An entry is one write() to a file, so it outlives the process and never waits for the store. A row is made of an
admission and its settlement, and is inserted once, by its request's id: uploading the same entries again changes
nothing. The journal of a process that has died is taken over by the next process that looks for such journals; the
requests that were open in it are settled there as `killed`.

ledger             what the gateway uses: admit and settle, neither of which waits; settings: its limits and times
entry, timeline    what is written down about a request, and the marks of what happened when
journal, replay    the writing end of the files, and the reading end
journal_cursor     how far one journal has been uploaded
uploader           all journals that this process uploads; uploader_thread: runs it again and again
row                an entry as a row; requests_table: the table that rows are inserted into
location           where the journals are
daily_usage        sums of the days whose rows were removed; hourly_sums: of their hours, and of rows, for charts
reports            what `sealink usage` shows: sums, rows, a single request, a month's statement

A process that admits and settles does not wait for SQLAlchemy: only `requests_table`, `daily_usage`,
`hourly_sums` and parts of `reports` import it.
"""
