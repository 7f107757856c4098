"""Keys, teams and balances in the store. Everything here blocks, and imports SQLAlchemy.

access_store    the store, and what has changed in it; its tables: schema
key_table       keys: made, changed, rotated, revoked; team_table: teams; audit_table: who did it
balance_table   postings to balances; balance_sums: what they come to; openings: those that the config gives its keys
"""
