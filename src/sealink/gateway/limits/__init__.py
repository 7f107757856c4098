"""Limits, budgets and balances, put in force: a gate of admission, and an observer that settles what was admitted.

settings      [limits]
claim         what a request asks of the limits, budgets and balances that apply to it
queue         requests in line: what a limit keeps out now may wait until it is let in
enforcement   admits requests under the limits that apply to them, and gives back what they did not use
estimate      what a request may take: its tokens, and their price
running_meter what a stream under a budget may still cost
refusal       the 402s and 429s
left_headers  the headers that tell what is left
plan          what requests of one kind have in common
"""
