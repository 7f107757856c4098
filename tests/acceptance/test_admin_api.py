"""The admin API of a real SeaLink: who is let in, what every answer bears, and keys from making to revocation."""

import json
import re
import stat
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from acceptance.sealink_process import SealinkProcess
from acceptance.test_keys_in_the_store import CONFIG, IN_FORCE_S, all_answer, in_force_after_s, sealink

TEAM = '[[teams]]\nname = "file-team"\nbudget_usd = 10.0\n'
PATIENCE_S = 20.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Admin:
    """A client of the admin API."""

    def __init__(self, process: SealinkProcess) -> None:
        self.process = process
        self.token = (process.folder / "admin-token").read_text().strip()
        (self.port,) = re.findall(r"admin API: http://127\.0\.0\.1:(\d+)/admin/v1", process.log)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        with_token: bool = True,
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if with_token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        connection = HTTPConnection("127.0.0.1", int(self.port), timeout=PATIENCE_S)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else raw, sent)
            answer = connection.getresponse()
            text = answer.read()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            if fields.get("content-type", "").startswith("text/csv"):
                return Answer(answer.status, fields, text.decode())
            return Answer(answer.status, fields, json.loads(text) if text else None)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    folder = tmp_path_factory.mktemp("admin")
    with SealinkProcess(f'{CONFIG}\n{TEAM}[log]\nlevel = "debug"\n', folder) as process:
        in_force_after_s(lambda: "admin API: " in process.log)
        client = Admin(process)
        yield client
        assert client.token not in process.log
        assert "sk-" not in process.log


def test_the_token_is_made_once_and_only_its_owner_may_read_it(admin: Admin) -> None:
    file = admin.process.folder / "admin-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(admin.token) >= 43  # 256 bits


def test_the_targets_and_the_config_are_shown_without_secrets(admin: Admin) -> None:
    targets = admin.ask("GET", "/admin/v1/targets").body["data"]
    places = {(each["model"], each["provider"], each["served_model"]) for each in targets}
    assert ("sealink/slow", "slow", "sealink/sim") in places
    assert {each["state"] for each in targets} <= {None, "closed"}
    answer = admin.ask("GET", "/admin/v1/config")
    assert "sk-of-the-file" not in json.dumps(answer.body)
    tables = {each["name"]: each["settings"] for each in answer.body["data"]}
    assert {"name": "level", "value": "debug", "is_set": True} in tables["[log]"]


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic x", "Bearer sk-of-the-file", "Bearer \u00e9"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/v1/keys"),
        ("POST", "/admin/v1/keys"),
        ("DELETE", "/admin/v1/keys/file"),
        ("GET", "/admin/v1/audit"),
        ("GET", "/admin/v1/openapi.json"),
        ("GET", "/admin/v1/nothing"),
    ],
)
def test_nobody_is_let_in_without_the_token(admin: Admin, method: str, path: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = admin.ask(method, path, with_token=False, **headers)
    assert (answer.status, answer.body["error"]["type"]) == (401, "authentication_error")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert_closed(answer)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "file://"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
def test_a_page_of_another_origin_is_refused(admin: Admin, method: str, origin: str) -> None:
    answer = admin.ask(method, "/admin/v1/keys", origin=origin)
    assert answer.status == 403
    assert_closed(answer)


def test_a_page_of_the_port_itself_is_let_in(admin: Admin) -> None:
    assert admin.ask("GET", "/admin/v1/keys", origin=f"http://127.0.0.1:{admin.port}").status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:4001", 200),
        ("LOCALHOST", 200),
        ("[::1]:4001", 200),
        ("10.1.2.3:80", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:4001", 403),
    ],
)
def test_the_host_must_be_this_machine(admin: Admin, host: str, status: int) -> None:
    answer = admin.ask("GET", "/admin/v1/keys", host=host)
    assert answer.status == status
    assert_closed(answer)


@pytest.mark.parametrize(
    ("method", "path", "raw", "status"),
    [
        ("GET", "/", None, 303),
        ("GET", "/admin/v1/nothing", None, 404),
        ("PUT", "/admin/v1/keys", None, 405),
        ("OPTIONS", "/admin/v1/keys", None, 204),
        ("GET", "/admin/v1/keys", None, 200),
        ("POST", "/admin/v1/keys", b"{", 400),
        ("POST", "/admin/v1/keys", b" " * 2_000_000, 413),
        ("BREW", "/admin/v1/keys", None, 400),
    ],
)
def test_every_answer_has_the_policy_and_none_allows_another_origin(
    admin: Admin, method: str, path: str, raw: bytes | None, status: int
) -> None:
    answer = admin.ask(method, path, raw=raw)
    assert answer.status == status
    assert_closed(answer)


def assert_closed(answer: Answer) -> None:
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_key_from_its_making_to_its_end(admin: Admin) -> None:
    port = admin.process.port
    made = admin.ask("POST", "/admin/v1/keys", {"name": "ops/eu 1", "models": ["sealink/*"], "expires": "2999-01-01"})
    assert made.status == 201
    secret = made.body.pop("key")
    path = "/admin/v1/keys/ops%2Feu%201"
    assert admin.ask("GET", path).body == made.body
    assert made.body["prefix"] == secret[: len(made.body["prefix"])]
    assert in_force_after_s(lambda: all_answer(port, secret, 200, times=1)) < IN_FORCE_S

    changed = admin.ask("PATCH", path, {"models": ["other"], "expires": None}).body
    assert (changed["models"], changed["expires"]) == (["other"], None)
    in_force_after_s(lambda: all_answer(port, secret, 403, times=1))

    admin.ask("PATCH", path, {"models": None})
    second = admin.ask("POST", f"{path}/rotate", {"overlap_s": 600}).body["key"]
    in_force_after_s(lambda: all_answer(port, second, 200, times=1))
    assert all_answer(port, secret, 200, times=1)

    assert admin.ask("DELETE", path).body["status"] == "revoked"
    in_force_after_s(lambda: all_answer(port, second, 401, times=1))
    assert all_answer(port, secret, 401, times=1)
    assert admin.ask("PATCH", path, {"models": []}).status == 409


def test_what_is_left_and_what_was_paid_in(admin: Admin) -> None:
    rules = {"balance_usd": 2.0, "budget_usd": 1.0, "budget_period": "day", "requests_per_minute": 7}
    made = admin.ask("POST", "/admin/v1/keys", {"name": "paying", **rules}).body
    assert made["paid_in_usd"] == 2.0
    path = "/admin/v1/keys/paying"
    assert admin.ask("POST", f"{path}/balance", {"add_usd": 0.5}).body["paid_in_usd"] == 2.5
    postings = admin.ask("GET", f"{path}/balance").body["data"]
    assert [(each["kind"], each["amount_nano_usd"]) for each in postings] == [
        ("top_up", 5 * 10**8),
        ("opening", 2 * 10**9),
    ]
    standing = admin.ask("GET", f"{path}/standing").body
    assert standing["balance"] == {"paid_in_usd": 2.5, "spent_usd": 0.0, "left_usd": 2.5}
    assert (standing["budget"]["period"], standing["budget"]["left_usd"]) == ("day", 1.0)
    assert standing["remaining"] == {"requests_per_minute": 7}
    in_force_after_s(lambda: all_answer(admin.process.port, made["key"], 200, times=1))
    assert admin.ask("GET", f"{path}/standing").body["remaining"] == {"requests_per_minute": 6}
    assert admin.ask("GET", "/admin/v1/requests?key=paying").body["data"][0]["status"] == 200
    assert admin.ask("GET", "/admin/v1/usage?key=paying&by=key,model").body["data"][0]["requests"] == 1


def test_a_team_whose_revocation_revokes_its_keys(admin: Admin) -> None:
    port = admin.process.port
    assert admin.ask("POST", "/admin/v1/teams", {"name": "research", "requests_per_minute": 5}).status == 201
    secret = admin.ask("POST", "/admin/v1/keys", {"name": "member", "team": "research"}).body["key"]
    in_force_after_s(lambda: all_answer(port, secret, 200, times=1))
    assert (
        admin.ask("PATCH", "/admin/v1/teams/research", {"requests_per_minute": None}).body["requests_per_minute"]
        is None
    )
    assert admin.ask("POST", "/admin/v1/teams/research/revoke").body["status"] == "revoked"
    in_force_after_s(lambda: all_answer(port, secret, 401, times=1))


def test_lists_have_pages_and_the_files_entries(admin: Admin) -> None:
    for number in range(5):
        assert admin.ask("POST", "/admin/v1/keys", {"name": f"page-{number}"}).status == 201
    names, after = [], ""
    while True:
        page = admin.ask("GET", f"/admin/v1/keys?limit=2&after={after}").body
        assert len(page["data"]) <= 2
        names += [key["name"] for key in page["data"]]
        if page["next"] is None:
            break
        after = page["next"].replace("/", "%2F").replace(" ", "%20")
    assert names == sorted(set(names))
    assert {"file", "page-0", "page-4"} <= set(names)
    file_key = admin.ask("GET", "/admin/v1/keys/file").body
    assert (file_key["source"], file_key["models"]) == ("file", ["sealink/*"])
    assert re.fullmatch(r"sealink\.toml:\d+", file_key["set_in"])
    file_team = admin.ask("GET", "/admin/v1/teams").body["data"][0]
    assert (file_team["name"], file_team["source"], file_team["budget_usd"]) == ("file-team", "file", 10.0)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/admin/v1/keys", {}, 400, "invalid_type"),
        ("POST", "/admin/v1/keys", [], 400, "invalid_type"),
        ("POST", "/admin/v1/keys", {"name": ""}, 400, "invalid_value"),
        ("POST", "/admin/v1/keys", {"name": "a\0b"}, 400, "invalid_value"),
        ("POST", "/admin/v1/keys", {"name": "x" * 300}, 400, "invalid_value"),
        ("POST", "/admin/v1/keys", {"name": "file"}, 409, "name_taken"),
        ("POST", "/admin/v1/keys", {"name": "n", "budget_usd": -1}, 400, "invalid_type"),
        ("POST", "/admin/v1/keys", {"name": "n", "budget": 1}, 400, "invalid_type"),
        ("POST", "/admin/v1/keys", {"name": "n", "team": "nobody"}, 400, "team_not_found"),
        ("POST", "/admin/v1/keys", {"name": "n", "allowed_networks": ["10.0.0.0/99"]}, 400, "invalid_value"),
        ("POST", "/admin/v1/keys", {"name": "n", "endpoints": ["v1"]}, 400, "invalid_value"),
        ("PATCH", "/admin/v1/keys/file", {"strict": True}, 409, "read_only"),
        ("DELETE", "/admin/v1/keys/file", None, 409, "read_only"),
        ("POST", "/admin/v1/keys/file/rotate", {}, 409, "read_only"),
        ("PATCH", "/admin/v1/keys/nobody", {"strict": True}, 404, "key_not_found"),
        ("PATCH", "/admin/v1/keys/nobody", {"nothing": True}, 404, "key_not_found"),
        ("GET", "/admin/v1/keys/%00", None, 404, None),
        ("GET", "/admin/v1/keys/nobody/fly", None, 404, "unknown_url"),
        ("GET", "/admin/v1/keys?limit=0", None, 400, "invalid_type"),
        ("GET", "/admin/v1/keys?limit=x", None, 400, "invalid_type"),
        ("GET", "/admin/v1/audit?after=x", None, 400, "invalid_value"),
        ("POST", "/admin/v1/teams", {"name": "file-team"}, 409, "name_taken"),
        ("PATCH", "/admin/v1/teams/file-team", {"budget_usd": 1}, 409, "read_only"),
        ("GET", "/admin/v1/teams/nobody", None, 404, "team_not_found"),
    ],
)
def test_what_cannot_be_done_is_refused(
    admin: Admin, method: str, path: str, body: object, status: int, code: str | None
) -> None:
    answer = admin.ask(method, path, body)
    assert (answer.status, answer.body["error"]["code"]) == (status, code)
    if code == "read_only":
        assert re.search(r"set in sealink\.toml:\d+", answer.body["error"]["message"])


def test_every_change_is_written_down_without_secrets(admin: Admin) -> None:
    secret = admin.ask("POST", "/admin/v1/keys", {"name": "audited", "budget_usd": 5}).body["key"]
    admin.ask("PATCH", "/admin/v1/keys/audited", {"budget_usd": 7})
    sealink(admin.process.folder, "keys", "update", "audited", "--budget-usd", "8")
    second = admin.ask("POST", "/admin/v1/keys/audited/rotate").body["key"]
    admin.ask("DELETE", "/admin/v1/keys/audited?end_streams=true")
    page = admin.ask("GET", "/admin/v1/audit?limit=5").body
    entries = [entry for entry in page["data"] if entry["name"] == "audited"]
    assert [entry["action"] for entry in reversed(entries)] == [
        "key.created", "key.updated", "key.updated", "key.rotated", "key.revoked",
    ]  # fmt: skip
    budgets = [(entry["before"] and entry["before"]["budget_usd"], entry["after"]["budget_usd"]) for entry in entries]
    assert budgets[::-1] == [(None, 5), (5, 7), (7, 8), (8, 8), (8, 8)]
    actors = {entry["actor"].partition(":")[0] for entry in entries}
    assert actors == {"admin", "cli"}
    text = json.dumps(page)
    assert secret not in text
    assert second not in text
    assert "digest" not in text
    older = admin.ask("GET", f"/admin/v1/audit?limit=5&after={page['next']}").body["data"]
    assert older[0]["id"] < entries[-1]["id"]


def test_the_document_describes_what_is_answered(admin: Admin) -> None:
    document = admin.ask("GET", "/admin/v1/openapi.json").body
    assert document["openapi"] == "3.1.0"
    assert {"/admin/v1/keys", "/admin/v1/keys/{name}", "/admin/v1/keys/{name}/rotate"} <= set(document["paths"])
    for path in ("/admin/v1/keys", "/admin/v1/teams", "/admin/v1/audit"):
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(admin.ask("GET", path).body, {**schema, "components": document["components"]})


def test_the_environments_token_counts_and_no_file_is_made(tmp_path: Path) -> None:
    with SealinkProcess(CONFIG, tmp_path, {"SEALINK_ADMIN_TOKEN": "from-outside"}) as process:
        in_force_after_s(lambda: "admin API: " in process.log)
        (tmp_path / "admin-token").write_text("other")  # for the client, which is told what to send
        client = Admin(process)
        (tmp_path / "admin-token").unlink()
        assert client.ask("GET", "/admin/v1/keys", authorization="Bearer from-outside").status == 200
        assert client.ask("GET", "/admin/v1/keys").status == 401
        assert "from-outside" not in process.log


def test_a_port_that_is_taken_is_waited_for(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with SealinkProcess(CONFIG, folders[0]) as first:
        in_force_after_s(lambda: "admin API: " in first.log)
        second = SealinkProcess(CONFIG, folders[1], admin_port=int(Admin(first).port))
        second.__enter__()
        in_force_after_s(lambda: "the admin API waits for" in second.log)
    try:
        in_force_after_s(lambda: "admin API: " in second.log)
    finally:
        second.__exit__()
