"""Nothing that is sent to the admin port is a fault of SeaLink's: every operation of the admin API with all of its
parameters, and every page of the console, given what fits and what does not.

What fits is made from the OpenAPI document's schemas. With SQLite, and in full with PostgreSQL, which takes less.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acceptance.sealink_process import SealinkProcess
from acceptance.test_admin_api import Admin
from console.browser import CONFIG, Console
from console.test_signing_in import csrf_in, signed_in
from postgresql_server import PostgresqlServer
from waiting import until

EXAMPLES, EXAMPLES_IN_FULL = 3, 100
"""Of each operation and page."""
Schema = dict[str, Any]

hostile: Final = st.sampled_from(
    ["\0", "a\0b", "'", '"; --', "%", "%00", "..", "../../etc", "\u202e", "\U0001f600", "x" * 5000, " ", "-1", "1e400",
     "9" * 40, "9223372036854775808", "null", "2026-13-45", "0000-00-00", "0001-01-01T00:00:00+23:59"]
) | st.text(max_size=9)  # fmt: skip
json_values: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=4,
)
names: Final = st.sampled_from(["file", "made-0", "made-1", "2026-01"]) | hostile
PAGES: Final = (
    "/", "/keys", "/keys/{name}", "/new-key", "/teams", "/teams/{name}", "/new-team", "/audit", "/requests",
    "/requests/{name}", "/usage", "/usage/csv", "/models", "/playground", "/settings", "/live", "/login", "/theme",
)  # fmt: skip
FIELDS: Final = (
    "after", "limit", "key", "team", "model", "provider", "task", "ended", "code", "since", "until", "by", "range",
    "format", "q", "action", "name", "budget_usd", "budget_period", "requests_per_minute", "tags", "models",
    "endpoints", "allowed_networks", "expires", "balance_usd", "add_usd", "overlap_s", "on_disconnect", "heartbeat",
    "theme", "next",
)  # fmt: skip


class Port(NamedTuple):
    """The admin port, for a program and for somebody who has signed in to the console."""

    admin: Admin
    console: Console
    cookie: str
    csrf: str
    document: Schema


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    folder, store = tmp_path_factory.mktemp("fuzz"), ""
    if request.param == "postgresql":
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        store = f'[store]\nurl = "{postgresql.new_database(folder.name)}"\n'
    with SealinkProcess(store + CONFIG, folder) as process:
        until(lambda: "admin API: " in process.log)
        admin, console = Admin(process), Console(process)
        for number in range(2):
            assert admin.ask("POST", "/admin/v1/keys", {"name": f"made-{number}", "balance_usd": 1}).status == 201
            assert admin.ask("POST", "/admin/v1/teams", {"name": f"made-{number}"}).status == 201
        cookie = signed_in(console)
        csrf = csrf_in(console.ask("GET", "/keys", cookie=cookie)[2])
        yield Port(admin, console, cookie, csrf, admin.ask("GET", "/admin/v1/openapi.json").body)


@pytest.mark.timeout(1800)
def test_no_operation_fails(port: Port, full: bool) -> None:
    answered: dict[str, set[int]] = {}

    @settings(
        max_examples=EXAMPLES_IN_FULL if full else EXAMPLES,
        derandomize=not full,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def every_operation(data: st.DataObject) -> None:
        for place, path, method, operation in operations_of(port.document):
            target = path
            query = {}
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    name = data.draw(names, label=f"{place} path")
                    target = target.replace(f"{{{parameter['name']}}}", quote(name, safe=""))
                elif data.draw(st.booleans()):
                    query[parameter["name"]] = data.draw(
                        valid(parameter["schema"], port.document).map(str) | hostile, label=f"{place} query"
                    )
            body = None
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                body = data.draw(nearly_valid(schema, port.document) | json_values, label=f"{place} body")
            answer = port.admin.ask(method, f"{target}?{urlencode(query)}" if query else target, body)
            assert answer.status < 500, (method, target, query, body, answer)
            answered.setdefault(place, set()).add(answer.status)

    every_operation()
    assert answered.keys() == {place for place, *_ in operations_of(port.document)}
    assert {200, 201, 400, 404} <= set.union(*answered.values())
    assert port.admin.ask("GET", "/admin/v1/keys/made-0").status == 200


@pytest.mark.timeout(1800)
def test_no_page_fails(port: Port, full: bool) -> None:
    @settings(
        max_examples=EXAMPLES_IN_FULL if full else EXAMPLES,
        derandomize=not full,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def every_page(data: st.DataObject) -> None:
        for page in PAGES:
            path = page.replace("{name}", quote(data.draw(names, label=page), safe=""))
            fields = data.draw(st.dictionaries(st.sampled_from(FIELDS), names, max_size=4), label=page)
            status, _, text = port.console.ask("GET", f"{path}?{urlencode(fields)}", cookie=port.cookie)
            assert status < 500, (path, fields, text)
            if page != "/login":  # signing out, or failing to sign in, is for another test
                form = {**fields, "csrf": port.csrf}
                status, _, text = port.console.ask("POST", path, form, cookie=port.cookie)
                assert status < 500, (path, fields, text)

    every_page()


def operations_of(document: Schema) -> list[tuple[str, str, str, Schema]]:
    return [
        (f"{method.upper()} {path}", path, method.upper(), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def valid(schema: Schema, document: Schema) -> st.SearchStrategy[Any]:
    """Values that a JSON schema of the document allows."""
    if "$ref" in schema:
        return valid(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        return st.one_of([valid(each, document) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        return _object(schema, document)
    if kind == "object":
        return st.dictionaries(hostile, valid(schema.get("additionalProperties") or {}, document), max_size=3)
    if kind == "array":
        return st.lists(valid(schema.get("items") or {}, document), max_size=3)
    if kind == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum"))
    if kind == "number":
        return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
    simple = {"string": names, "boolean": st.booleans(), "null": st.none()}
    return simple.get(kind, json_values)


def _object(schema: Schema, document: Schema) -> st.SearchStrategy[Any]:
    fields = {name: valid(each, document) for name, each in schema["properties"].items()}
    needed = schema.get("required", ())
    optional = {name: each for name, each in fields.items() if name not in needed}
    return st.fixed_dictionaries({name: fields[name] for name in needed}, optional=optional)


def nearly_valid(schema: Schema, document: Schema) -> st.SearchStrategy[Any]:
    """What fits, or with one field more or another value in one."""
    spoilt = st.dictionaries(st.sampled_from(FIELDS) | hostile, json_values, max_size=1)
    return st.builds(lambda fitting, other: {**fitting, **other}, valid(schema, document), st.just({}) | spoilt)
