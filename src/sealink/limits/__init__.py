"""Counters of what keys, teams and models use, shared by the processes of one machine.

shared_file  the memory-mapped file: names and their slots, locks that the kernel frees when a process dies, the clock
slot         what is counted for one name
counters     requests: admitted under all limits that apply, and settled
standing     what is left of limits, budgets and balances, as people are told it
"""
