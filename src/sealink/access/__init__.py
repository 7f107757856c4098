"""Keys: what one may do, and which are in force.

keys        a key's record: its name, the digest of its secret, and its rules
rejected_keys  requests without a key that is known, counted and told in the log
keyring     the keys that are in force in this process; they can be replaced while it runs
"""
