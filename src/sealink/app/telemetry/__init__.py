"""What a running process tells of itself.

request_telemetry  what it tells of its requests
gauges             its state in numbers, for /metrics
traces             its requests' spans, on their way to a collector
"""
