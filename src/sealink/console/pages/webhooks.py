"""Who is told of what happens, a part of the settings: each endpoint, what waits for it, and dead letters."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.backend import Backend
from sealink.console.rendering import backend_of, see
from sealink.errors import NotFound
from sealink.store.errors import StoreError, StoreUnavailable
from sealink.webhooks.endpoint_states import EndpointState, endpoint_states
from sealink.webhooks.outbox import Message, Outbox

SHOWN_LETTERS: Final = 20


class Deliveries(msgspec.Struct, frozen=True):
    """What the page shows; `error` says why nothing can be told. `more`: there are more dead letters."""

    endpoints: list[EndpointState] = []
    letters: list[Message] = []
    more: bool = False
    error: str = ""


def deliveries(backend: Backend) -> Deliveries:
    """How deliveries go; nothing where the config has no webhooks. Blocks."""
    if not backend.webhooks:
        return Deliveries()
    try:
        with _outbox(backend) as outbox:
            letters = outbox.dead(SHOWN_LETTERS + 1)
            states = endpoint_states(outbox, backend.webhooks)
    except (StoreError, StoreUnavailable) as error:
        return Deliveries(error=f"The store cannot be used: {error}")
    return Deliveries(states, letters[:SHOWN_LETTERS], more=len(letters) > SHOWN_LETTERS)


async def send_again(request: Request) -> Response:
    """Have a dead letter sent as if it were new."""
    message = request.state.form.get("id", "")
    if not await asyncio.to_thread(_retry, backend_of(request), message):
        raise NotFound(f"There is no dead letter {message!r}: somebody has sent it again, or it was too old.")
    return see("/settings#webhooks")


def _retry(backend: Backend, message: str) -> int:
    with _outbox(backend) as outbox:
        return outbox.retry(message)


@contextmanager
def _outbox(backend: Backend) -> Iterator[Outbox]:
    outbox = Outbox(backend.store_url)
    try:
        yield outbox
    finally:
        outbox.close()


ROUTES: Final = (Route("/settings/webhooks", send_again, methods=["POST"]),)
