"""deploy/compose.yaml without a container engine: the commands, configs and health checks of its services as processes,
on free ports of the loopback and in folders of their own."""

import csv
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import psycopg
import yaml
from psycopg.rows import dict_row

from acceptance.plain_http import get
from acceptance.restarting import PATIENCE_S, Running
from acceptance.sealink_process import free_port
from outside import program
from postgresql_server import PostgresqlServer, binaries
from redis_server import RedisServer
from waiting import until

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
COMPOSE: Final = DEPLOY / "compose.yaml"
CONFIG: Final = "/etc/sealink/sealink.toml"
DATA: Final = "/var/lib/sealink"
HAPROXY_CONFIG: Final = "/usr/local/etc/haproxy/haproxy.cfg"
NODES: Final = ("sealink-1", "sealink-2")
SECRETS: Final = {
    "POSTGRES_PASSWORD": "aPasswordOfTheTests",
    "SEALINK_API_KEY": "sk-of-the-environment",
    "SEALINK_ADMIN_TOKEN": "token-of-the-tests",
}
_VARIABLE: Final = re.compile(r"\$\{(\w+):\?[^}]*\}")

Service = dict[str, Any]


def services(variables: Mapping[str, str] = SECRETS) -> dict[str, Service]:
    """Those of the file by their names. A variable that it asks for and that is not given raises KeyError."""
    text = _VARIABLE.sub(lambda found: variables[found[1]], COMPOSE.read_text())
    found: dict[str, Service] = yaml.safe_load(text)["services"]
    return found


def mounted(service: Service, place: str) -> str:
    """The text of the file that a service has at a place."""
    (source,) = [each.split(":")[0] for each in service["volumes"] if each.split(":")[1] == place]
    return (DEPLOY / source).read_text()


class Composed:
    """All services run when this is made. Parts can be taken away and brought back by what is public here."""

    def __init__(self, folder: Path, tables: str) -> None:
        """`tables` are more of sealink.toml: models to simulate, keys."""
        self.services = services()
        self.port, self.nodes = free_port(), {name: free_port() for name in NODES}
        self.admin = {name: free_port() for name in NODES}
        self.folders = {name: folder / name for name in NODES}
        self.postgresql = PostgresqlServer(SECRETS["POSTGRES_PASSWORD"])
        valkey, *options = self.services["valkey"]["command"]
        assert valkey == "valkey-server"
        self.valkey = RedisServer(options)
        self.running: dict[str, Running] = {}
        self._folder, self._tables = folder, tables
        self._haproxy: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start all; the nodes at the same time, as an engine does."""
        self.postgresql.start()
        self.postgresql.new_database("sealink")
        self.valkey.start()
        self.start_haproxy()
        for name in NODES:
            self.folders[name].mkdir()
            config = mounted(self.services[name], CONFIG)
            config = config.replace(
                "[shared]\n", "[shared]\ntimeout_s = 10\n"
            )  # also while a test stops a node's clock
            (self.folders[name] / "sealink.toml").write_text(self._placed(config, self.folders[name]) + self._tables)
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(self.start_node, NODES):
                pass
        until(lambda: self.up() == set(NODES), lambda: self.up())

    def remove(self) -> None:
        for each in self.running.values():
            each.kill()
        if self._haproxy is not None:
            self.tell_haproxy("SIGTERM")
            self.wait_for_haproxy()
        self.valkey.remove()
        self.postgresql.remove()

    def start_node(self, name: str) -> None:
        command = self.services[name]["command"]
        assert command == ["serve", "--config", CONFIG]
        variables = {name: value for name, value in self.services[name]["environment"].items() if value is not None}
        options = ("--port", str(self.nodes[name]), "--admin-port", str(self.admin[name]))
        self.running[name] = Running(self.folders[name], *options, variables=variables)

    def stop_node(self, name: str) -> None:
        """As an engine does: SIGTERM, and it must end well."""
        self.running[name].terminate()
        self.running[name].ended()

    def start_haproxy(self) -> None:
        config = mounted(self.services["haproxy"], HAPROXY_CONFIG)
        assert config.count("bind :8080") == 1
        config = config.replace("bind :8080", f"bind 127.0.0.1:{self.port}")
        config = self._placed(config).replace("global\n", f"global\n    stats socket {self._folder}/stats\n", 1)
        (self._folder / "haproxy.cfg").write_text(config)
        command = [word.replace(HAPROXY_CONFIG, "haproxy.cfg") for word in self.services["haproxy"]["command"]]
        with (self._folder / "haproxy.log").open("ab") as log:
            self._haproxy = subprocess.Popen(
                [program(command[0]), *command[1:]], cwd=self._folder, stdout=log, stderr=subprocess.STDOUT
            )
        until(lambda: self.is_healthy("haproxy"), lambda: (self._folder / "haproxy.log").read_text())

    def tell_haproxy(self, by: str) -> None:
        """Send it a signal."""
        assert self._haproxy is not None
        self._haproxy.send_signal(signal.Signals[by])

    def wait_for_haproxy(self) -> None:
        """Until it has ended."""
        assert self._haproxy is not None
        self._haproxy.wait(PATIENCE_S)
        self._haproxy = None

    def is_healthy(self, name: str) -> bool:
        """What the service's health check says."""
        kind, *command = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        if name in NODES:
            ports = {":4000": f":{self.nodes[name]}"}
        elif name == "haproxy":
            ports = {"/8080": f"/{self.port}"}
        else:
            ports = {}
        for old, new in ports.items():
            assert old in command[-1]
            command[-1] = command[-1].replace(old, new)
        environment = {"PATH": f"{Path(sys.executable).parent}:{binaries()}:{os.environ['PATH']}"}
        environment["PGPORT"] = str(self.postgresql.port)
        if command[0] == "valkey-cli":
            command = ["redis-cli", "-p", str(self.valkey.port), *command[1:]]
        quiet = subprocess.DEVNULL
        return (
            subprocess.run(command, env=environment, stdout=quiet, stderr=quiet, timeout=30, check=False).returncode
            == 0
        )

    def rows(self, key: str) -> list[dict[str, Any]]:
        """What PostgreSQL has of the requests of a key."""
        with psycopg.connect(self.postgresql.url("sealink"), row_factory=dict_row) as connection:
            return connection.execute("SELECT * FROM requests WHERE key = %s ORDER BY started_at", [key]).fetchall()

    def open_streams(self, node: str) -> int:
        """How many streams are open at a node."""
        told = get(self.admin[node], "/metrics", {"authorization": f"Bearer {SECRETS['SEALINK_ADMIN_TOKEN']}"})
        (count,) = re.findall(rb"^sealink_open_streams (\d+)", told.body, re.MULTILINE)
        return int(count)

    def up(self) -> set[str]:
        """The nodes to which HAProxy sends requests."""
        return {row["svname"] for row in self.statistics() if row["svname"] in NODES and row["status"] == "UP"}

    def statistics(self) -> list[dict[str, str]]:
        """What HAProxy counts, for each node and for all together (`BACKEND`)."""
        with socket.socket(socket.AF_UNIX) as stats:
            stats.connect(str(self._folder / "stats"))
            stats.sendall(b"show stat\n")
            with stats.makefile() as answer:
                rows = list(csv.DictReader(answer.read().removeprefix("# ").splitlines()))
        return [row for row in rows if row["pxname"] == "nodes"]

    def _placed(self, config: str, folder: Path | None = None) -> str:
        """A config with other addresses and another folder."""
        places = {f"{name}:4000": f"127.0.0.1:{port}" for name, port in self.nodes.items()}
        places["postgresql:5432"] = f"127.0.0.1:{self.postgresql.port}"
        places["valkey:6379"] = f"127.0.0.1:{self.valkey.port}"
        places[DATA] = str(folder)
        for old, new in places.items():
            config = config.replace(f"@{old}", f"@{new}").replace(f"//{old}", f"//{new}").replace(f" {old}", f" {new}")
            config = config.replace(f'"{old}"', f'"{new}"')
        return config
