"""Keys and teams: what they may do, where they are kept, and which are in force.

keys            their records: names, labels, rules, limits
key_secrets     what a key's holder has, and what is kept of it
checks          what is wrong with rules; changed_rules: rules after a change
configured      those of sealink.toml
credential      what a secret gives access to, and until when
keyring         the keys that are in force in this process; they can be replaced while it runs
rejected_keys   requests without a key that is known, counted and told in the log
key_watch       the thread by which a process learns of changes
records         keys, teams and changes as people see them

tables          keys, teams and balances in the store

Only `tables` imports SQLAlchemy: a process that only looks keys up does not wait for that.
"""
