"""`sealink usage`: what the ledger has.

commands   the command and those below it
tables     shows it to people
"""
