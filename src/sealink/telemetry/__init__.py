"""What an operator sees of the requests: a log of them, and metrics. Observers of settlements; nothing per chunk.

histogram        observations counted in buckets
request_metrics  counters and histograms over all requests of one process
gauge            a number that goes up and down, of one process or of several
exposition       metrics of one or several processes as Prometheus' text
request_log      one line per request, at its end
target_log       a target that is down, and up again
content_log      prompts and answers, where they are wanted; redaction: what is left out of them
traces           requests as OpenTelemetry's spans
loop_lag         how late the event loop is
log_format       records of the log as text, or as JSON
alike            requests of one kind, of which most of what is written is the same
layout           what is the same, with gaps; _layout.c fills them in C
log_lines        where lines are written: gathered for a moment, then in one write
"""
