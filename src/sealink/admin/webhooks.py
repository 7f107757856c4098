"""What the admin API tells of webhooks: what waits, and dead letters, which can be sent again."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sealink.admin.operation import Call, Operation
from sealink.admin.shapes import Page
from sealink.errors import InvalidRequest, NotFound
from sealink.webhooks.settings import WebhookSettings

if TYPE_CHECKING:
    from sealink.webhooks.outbox import Outbox


class Webhook(msgspec.Struct, frozen=True):
    """An endpoint: how many messages wait for it, since when the oldest does, and how many are dead letters; when it
    took its last one, and why one that waits was not taken."""

    url: str
    events: tuple[str, ...]
    waiting: int = 0
    dead: int = 0
    oldest: datetime | None = None
    last_delivery: datetime | None = None
    last_error: str | None = None


class WebhookList(msgspec.Struct, frozen=True):
    data: list[Webhook]
    next: str | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that was tried too often."""

    id: str
    url: str
    type: str
    created_at: datetime
    dead_at: datetime
    attempts: int
    last_error: str
    message: dict[str, Any]


class DeadLetterList(msgspec.Struct, frozen=True):
    data: list[DeadLetter]
    next: str | None = None


class Retried(msgspec.Struct, frozen=True):
    """How many dead letters are sent again."""

    retried: int


class WebhookOperations:
    """`endpoints` are those of the config, `outbox` opens the store's outbox."""

    def __init__(self, endpoints: Sequence[WebhookSettings], outbox: "Callable[[], Outbox]") -> None:
        self._endpoints = endpoints
        self._outbox = outbox

    def list(self, call: Call) -> WebhookList:
        """The endpoints of the config."""
        from sealink.webhooks.endpoint_states import endpoint_states

        with self._opened() as outbox:
            states = endpoint_states(outbox, self._endpoints)
        return WebhookList([Webhook(**msgspec.structs.asdict(state)) for state in states])

    def dead(self, call: Call) -> DeadLetterList:
        """Dead letters, in the order of their ids."""
        page = call.query
        after = _place_in(page.after)
        with self._opened() as outbox:
            messages = outbox.dead(page.limit + 1, after)
        letters = [
            DeadLetter(
                each.id, each.endpoint, each.type, each.created_at, each.dead_at or each.created_at, each.attempts,
                each.last_error or "", msgspec.json.decode(each.body),
            )
            for each in messages[: page.limit]
        ]  # fmt: skip
        return DeadLetterList(letters, _place_of(letters[-1]) if len(messages) > page.limit else None)

    def retry(self, call: Call) -> Retried:
        """Send a dead letter again."""
        with self._opened() as outbox:
            retried = outbox.retry(call.name)
        if not retried:
            raise NotFound(f"There is no dead letter {call.name!r}.")
        return Retried(retried)

    @contextmanager
    def _opened(self) -> "Iterator[Outbox]":
        outbox = self._outbox()
        try:
            yield outbox
        finally:
            outbox.close()


def _place_of(letter: DeadLetter) -> str:
    """Where a list goes on. An event's letters to several endpoints have one id, and an address may have any characters
    that mean something in a query."""
    return urlsafe_b64encode(f"{letter.id} {letter.url}".encode()).decode()


def _place_in(after: str) -> tuple[str, str]:
    """The id and the address in it. Raises InvalidRequest."""
    try:
        message, _, url = urlsafe_b64decode(after).decode().partition(" ")
    except ValueError as error:
        raise InvalidRequest("`after` is the `next` of a list.", code="invalid_value", param="after") from error
    return message, url


def operations_on_webhooks(endpoints: Sequence[WebhookSettings], store_url: str) -> tuple[Operation, ...]:
    """The operations on webhooks. They import SQLAlchemy when they are run, in threads."""

    def outbox() -> "Outbox":
        from sealink.webhooks.outbox import Outbox

        return Outbox(store_url)

    webhooks, place = WebhookOperations(endpoints, outbox), "/admin/v1/webhooks"
    dead, retry = f"{place}/dead-letters", f"{place}/{{id}}/retry"
    return (
        Operation("GET", place, "List webhooks, and what waits for them.", webhooks.list, WebhookList),
        Operation("GET", dead, "List dead letters.", webhooks.dead, DeadLetterList, query=Page),
        Operation("POST", retry, "Send a dead letter again.", webhooks.retry, Retried),
    )
