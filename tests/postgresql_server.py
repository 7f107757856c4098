"""A PostgreSQL server for the tests: on a free port of the loopback, with a data folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from acceptance.sealink_process import free_port
from outside import absent

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "''",
    "fsync": "off",
    "timezone": "Pacific/Auckland",  # where it is tomorrow already: days are to be days in UTC all the same
}


def binaries() -> Path:
    """The folder of the server's programs (Debian keeps them off the path), or the end of the test."""
    on_path = shutil.which("pg_ctl")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else absent("PostgreSQL's server is not installed")


class PostgresqlServer:
    """It can be stopped and started again. It refuses to run as root, so root runs it as `postgres`.

    Its user is `sealink`, who needs a password only if one is given.
    """

    def __init__(self, password: str = "") -> None:
        self._password = password
        self._binaries = binaries()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="sealink-postgresql-"))
        if self._user:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        self.port = free_port()
        (self._folder / "password").write_text(password or "-")
        (self._folder / "password").chmod(0o644)
        login = ["--auth=scram-sha-256" if password else "--auth=trust", "--pwfile=password"]
        self._run("initdb", "-D", "data", "-U", "sealink", *login, "--no-sync", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        options = " ".join([f"-p {self.port}", *(f"-c {name}={value}" for name, value in _SETTINGS.items())])
        self._run("pg_ctl", "start", "-D", "data", "-w", "-l", "log", "-o", options)

    def stop(self) -> None:
        """At once, as if it had crashed."""
        self._run("pg_ctl", "stop", "-D", "data", "-m", "immediate")

    def url(self, database: str) -> str:
        login = f"sealink:{self._password}" if self._password else "sealink"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        """Make a database. Returns its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(  # what the server itself prints must not keep a pipe of ours open
            command,
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{program} failed: {self._log()}"

    def _log(self) -> str:
        log = self._folder / "log"
        return log.read_text() if log.exists() else "without a log"
