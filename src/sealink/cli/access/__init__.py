"""`sealink keys` and `sealink teams`: the keys and teams of a store, whether or not a server runs.

keys, teams    the commands
rule_options   the options that set a key's or team's rules
opened         the store that a config names; what cannot be done ends the command
standing       what is left of limits, budgets and balances
shown          what is printed
"""
