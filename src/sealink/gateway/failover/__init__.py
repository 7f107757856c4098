"""Failover: from target to target until one answers.

failover         the order of the targets, retries, the next target
attempt          one request to one target, whatever the operation
streamed         attempts at streams, up to the first content
whole            attempts at answers that are not streamed, up to the end
gathered         attempts at answers that are not streamed to the client, and streamed to SeaLink
upstream_words   what an upstream says about a failure, as clients, logs and rows may be told
whole_body       reading a body to its end, within limits
attempt_record   the state of an attempt; notifies the target's health and the request's account
hedged_attempts  attempts side by side, of which the first to answer wins
"""
