"""Traces for OpenTelemetry: a span for each request and each attempt, made when the request is settled.

settings       [traces]
observer       settled requests become spans
request_spans  one request as spans, after OpenTelemetry's conventions for generative AI
otlp           spans as OTLP's protobuf
export         spans wait for others, and are sent to a collector together
"""
