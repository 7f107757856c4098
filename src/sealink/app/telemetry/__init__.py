"""What a running process tells of itself.

gauges  its state in numbers, for /metrics
traces  its requests' spans, on their way to a collector
"""
