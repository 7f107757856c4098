"""Stores to test with: fixtures for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postgresql_server import PostgresqlServer
from redis_server import RedisServer


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server that runs. A test that stops it starts it again."""
    server = PostgresqlServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind, without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/sealink.db"
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.new_database(tmp_path.name)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis that runs. A test that kills it starts it again."""
    server = RedisServer()
    server.start()
    yield server
    server.remove()
