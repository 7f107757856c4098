"""What the ledger says to those who count.

spending    what was spent, for budgets
recent_use  what was lately used of limits, for counters that nodes share
"""
