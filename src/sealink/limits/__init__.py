"""Counters of what keys, teams and models use, shared by the processes of one machine; nodes/: by many machines.

subjects     what is counted, and what a request takes of it
asked        a question on its way to where that is decided
decision     whether a request fits into all limits that apply to it
shared_file  the memory-mapped file: names and their slots, locks that the kernel frees when a process dies, the clock
slot         what is counted for one name
plain_slots  requests that fit, counted in one call of C (_plain_slots.c) where that was built
counters     requests: admitted under all limits that apply, and settled
alerts       when people are told of budgets and balances
standing     what is left of limits, budgets and balances, as people are told it
"""
