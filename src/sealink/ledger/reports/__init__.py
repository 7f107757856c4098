"""What is told of requests: the rows of the store, the sums of days whose rows were removed, and what only the journals
have.

selection   which requests a report is about; totals: sums over them
report      a report on a ledger that may be in use; queries: its SQL
over_time   what charts show: sums, and times to the first token, of each step of a range
past_days   sums of the days that are over; closed_periods: keeps them, and those of hours
habits      whether keys stream what they should
unstored    what the journals hold and the store does not have yet
statement   a month's usage, a line for each team, key and model
csv_text    tables as CSV

Only `report`, `queries`, `over_time`, `past_days`, `closed_periods` and `habits` import SQLAlchemy.
"""
