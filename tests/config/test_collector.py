"""The collector of traces: [traces], and OpenTelemetry's own variables where it says nothing."""

from pathlib import Path

import pytest

from sealink.config import ConfigError, from_environment, parse

ENDPOINT = "http://collector:4318"
FILE = """
[traces]
endpoint = "http://own/v1/traces"
headers = { a = "b" }
service_name = "own"
attributes = { c = "d" }
"""
VARIABLES = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT + "/",
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=1%2C2, x-y = z,",
    "OTEL_SERVICE_NAME": "gateway",
    "OTEL_RESOURCE_ATTRIBUTES": "service.name=another,team=a",
}


def test_without_a_collector_there_are_no_traces() -> None:
    assert not parse("", {}, Path()).traces.is_on
    assert not from_environment({}).traces.is_on


def test_the_standard_variables() -> None:
    for traces in (parse("", VARIABLES, Path()).traces, from_environment(VARIABLES).traces):
        assert traces.endpoint == f"{ENDPOINT}/v1/traces"
        assert traces.headers == {"api-key": "1,2", "x-y": "z"}
        assert (traces.service_name, traces.attributes) == ("gateway", {"team": "a"})


def test_those_for_traces_win_and_are_taken_as_they_are() -> None:
    more = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x/y", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "k=v"}
    traces = parse("", VARIABLES | more, Path()).traces
    assert (traces.endpoint, traces.headers) == ("http://x/y", {"k": "v"})


def test_the_file_wins() -> None:
    traces = parse(FILE, VARIABLES, Path()).traces
    assert (traces.endpoint, traces.headers) == ("http://own/v1/traces", {"a": "b"})
    assert (traces.service_name, traces.attributes) == ("own", {"c": "d"})


def test_they_can_be_switched_off() -> None:
    assert not parse("", VARIABLES | {"OTEL_SDK_DISABLED": "true"}, Path()).traces.is_on


def test_a_service_has_a_name() -> None:
    assert parse("", {}, Path()).traces.service_name == "sealink"
    named = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=another"}
    assert parse("", named, Path()).traces.service_name == "another"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('endpoint = "collector:4318"', "endpoint is not an http(s) URL: 'collector:4318'"),
        ('headers = { "a b" = "c" }', "'a b' is not a header name"),
        ("sample_ratio = 1.5", "sample_ratio: "),
    ],
)
def test_what_cannot_be_used_is_a_mistake(wrong: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"[traces]\n{wrong}\n", {}, Path())
    assert str(caught.value).startswith("sealink.toml:2: ")
    assert told in str(caught.value)
