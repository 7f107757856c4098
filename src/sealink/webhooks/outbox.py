"""The outbox: messages that wait to be delivered, and dead letters. All of it blocks, and raises as Store does."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    case,
    delete,
    func,
    select,
    tuple_,
    update,
)

from sealink.store.schema import UtcDateTime, metadata
from sealink.store.store import Store
from sealink.webhooks.events import Event
from sealink.webhooks.settings import WebhookSettings

webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("dead_at", UtcDateTime),
    Column("last_error", Text),
    Index("webhook_messages_by_due", "due_at"),
)
webhook_marks = Table(
    "webhook_marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""How far a source of events was read, what was told already, and when endpoints took something."""

KEEP_DEAD: Final = timedelta(days=30)
_CLAIM: Final = timedelta(seconds=60)
"""For so long a message is left to the process that is about to deliver it."""
_DELIVERED: Final = "delivered:"
"""With an endpoint, the name of the mark that says when that took its last message, in milliseconds."""
_columns: Final = webhook_messages.c


class Message(msgspec.Struct, frozen=True):
    """A message for one endpoint. `dead_at`: since when it is a dead letter."""

    id: str
    endpoint: str
    type: str
    body: str
    created_at: datetime
    attempts: int
    due_at: datetime
    dead_at: datetime | None = None
    last_error: str | None = None


class Backlog(msgspec.Struct, frozen=True):
    """How many messages for one endpoint wait, and how many are dead letters; and since when the oldest one waits.
    `last_error` is why one that waits was not taken."""

    endpoint: str
    waiting: int
    dead: int
    oldest: datetime | None
    last_error: str | None = None


def rows_of(events: Iterable[Event], endpoints: Sequence[WebhookSettings]) -> list[dict[str, Any]]:
    """The rows of these events: one for each endpoint that wants it."""
    now = datetime.now(UTC)
    return [
        {
            "id": event.id,
            "endpoint": endpoint.url,
            "type": event.type,
            "body": event.body,
            "created_at": event.at,
            "attempts": 0,
            "due_at": now,
        }
        for event in events
        for endpoint in endpoints
        if endpoint.wants(event.type)
    ]


class Outbox:
    """The outbox of one store."""

    def __init__(self, store_url: str, *, timeout_s: float = 5.0) -> None:
        self.store = Store(store_url, timeout_s=timeout_s)
        self._is_migrated = False

    def close(self) -> None:
        """Give the connections back."""
        self.store.close()

    def add(self, events: Iterable[Event], endpoints: Sequence[WebhookSettings]) -> None:
        """Events that have happened outside of the store."""
        self._migrate()
        self.store.insert_once(webhook_messages, rows_of(events, endpoints))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes all or nothing."""
        self._migrate()
        with self.store.writing() as connection:
            yield connection

    def claim(self, limit: int) -> list[Message]:
        """Messages that are due, for this process to deliver: no other gets them for a minute."""
        now, claimed = datetime.now(UTC), []
        is_due = _columns.due_at <= now, _columns.dead_at.is_(None)
        with self.writing() as connection:
            query = select(webhook_messages).where(*is_due).order_by(_columns.due_at).limit(limit)
            for row in connection.execute(query).mappings().all():
                taken = update(webhook_messages).where(*_this(row["id"], row["endpoint"]), *is_due)
                values = {"due_at": now + _CLAIM, "attempts": row["attempts"] + 1}
                if connection.execute(taken.values(values)).rowcount:
                    claimed.append(Message(**{**row, **values}))
        return claimed

    def delivered(self, message: Message) -> None:
        """It was received: it is gone, and when that was is kept."""
        name, now_ms = f"{_DELIVERED}{message.endpoint}", round(datetime.now(UTC).timestamp() * 1000)
        with self.writing() as connection:
            connection.execute(delete(webhook_messages).where(*_this(message.id, message.endpoint)))
            if self.mark(connection, name, now_ms) is not None:
                self.advance(connection, name, now_ms)

    def last_deliveries(self) -> dict[str, datetime]:
        """When each endpoint took its last message."""
        query = select(webhook_marks).where(webhook_marks.c.name.startswith(_DELIVERED, autoescape=True))
        with self.writing() as connection:
            rows = connection.execute(query).all()
        return {name.removeprefix(_DELIVERED): datetime.fromtimestamp(at / 1000, UTC) for name, at in rows}

    def failed(self, message: Message, error: str, again_after_s: float | None) -> None:
        """It was not received: it is due again later, or (None) a dead letter."""
        now = datetime.now(UTC)
        values: dict[str, Any] = {"last_error": error[:500]}
        if again_after_s is None:
            values["dead_at"] = now
        else:
            values["due_at"] = now + timedelta(seconds=again_after_s)
        with self.writing() as connection:
            this = _this(message.id, message.endpoint)
            connection.execute(update(webhook_messages).where(*this).values(values))

    def give_back(self, messages: Iterable[Message]) -> None:
        """Messages that were claimed, and not tried: they are due as before."""
        with self.writing() as connection:
            for message in messages:
                this = _this(message.id, message.endpoint)
                values = {"due_at": datetime.now(UTC), "attempts": message.attempts - 1}
                connection.execute(update(webhook_messages).where(*this).values(values))

    def backlog(self) -> list[Backlog]:
        """What waits, by endpoint."""
        waiting, dead = func.count(), func.count(_columns.dead_at)
        error = func.max(case((_columns.dead_at.is_(None), _columns.last_error)))
        columns = _columns.endpoint, waiting, dead, func.min(_columns.created_at), error
        query = select(*columns).group_by(_columns.endpoint)
        with self.writing() as connection:
            rows = connection.execute(query.order_by(_columns.endpoint)).all()
        return [Backlog(endpoint, count - dead, dead, *others) for endpoint, count, dead, *others in rows]

    def dead(self, limit: int, after: tuple[str, str] = ("", "")) -> list[Message]:
        """Dead letters, in the order of their ids and endpoints; those behind `after`, which is both of one."""
        is_behind = tuple_(_columns.id, _columns.endpoint) > after
        query = select(webhook_messages).where(_columns.dead_at.is_not(None), is_behind)
        with self.writing() as connection:
            rows = connection.execute(query.order_by(_columns.id, _columns.endpoint).limit(limit)).mappings()
            return [Message(**row) for row in rows]

    def retry(self, message: str) -> int:
        """Send dead letters of this id again. Returns how many there are."""
        alive = {"dead_at": None, "attempts": 0, "due_at": datetime.now(UTC)}
        is_dead = _columns.id == message, _columns.dead_at.is_not(None)
        with self.writing() as connection:
            return connection.execute(update(webhook_messages).where(*is_dead).values(alive)).rowcount

    def forget_old(self) -> None:
        """Delete dead letters that nobody has asked for."""
        with self.writing() as connection:
            is_old = _columns.dead_at < datetime.now(UTC) - KEEP_DEAD
            connection.execute(delete(webhook_messages).where(is_old))

    def add_within(self, connection: Connection, events: Iterable[Event], endpoints: Sequence[WebhookSettings]) -> None:
        """As `add`, in a transaction that is open."""
        self.store.insert_within(connection, webhook_messages, rows_of(events, endpoints))

    def mark(self, connection: Connection, name: str, position: int = 1) -> int | None:
        """The position that is kept under a name; if there is none, this one is kept, and None returned."""
        kept = connection.execute(select(webhook_marks.c.position).where(webhook_marks.c.name == name)).scalar()
        if kept is None:
            self.store.insert_within(connection, webhook_marks, [{"name": name, "position": position}])
        return kept

    def advance(self, connection: Connection, name: str, position: int) -> None:
        """Keep another position under a name."""
        connection.execute(update(webhook_marks).where(webhook_marks.c.name == name).values(position=position))

    def _migrate(self) -> None:
        if not self._is_migrated:
            self.store.migrate()
            self._is_migrated = True


def _this(message: str, endpoint: str) -> tuple[Any, Any]:
    return _columns.id == message, _columns.endpoint == endpoint
