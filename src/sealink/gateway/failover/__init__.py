"""Failover: from target to target until one answers.

failover         the order of the targets, retries, the next target
attempt          one request to one target; streamed and whole are its two kinds, each with its operation
streamed         … up to the first content of a stream
whole            … up to the end of an answer that is not streamed
whole_body       reading a body to its end, within limits
attempt_record   the state of an attempt, told to the target's health and to the request's account
hedged_attempts  attempts side by side, of which the first to answer wins
"""
