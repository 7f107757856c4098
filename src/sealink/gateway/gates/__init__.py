"""Gates: more conditions that a request must meet to be admitted. Those of limits and budgets are in ../limits.

load_shedding   whether there is time to answer one more request
request_limits  how many messages and tools a request may have
advising        refuses nothing: tells callers what would better be streamed, and what not
"""
