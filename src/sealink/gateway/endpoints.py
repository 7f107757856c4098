"""All endpoints of the public port: method, path, handler, dialect, heartbeats, error shape, body limit."""

from collections.abc import Iterable
from functools import partial
from typing import Final

import msgspec

from sealink.gateway.admission import AdmissionControl
from sealink.gateway.failover.whole import WholeOperation
from sealink.gateway.handlers.answers import Answers
from sealink.gateway.handlers.billing import Billing
from sealink.gateway.handlers.health import Ready, Reasons, live, root
from sealink.gateway.handlers.models import Models
from sealink.gateway.handlers.own_usage import KeyAccounts, OwnUsage
from sealink.gateway.handlers.streams import Streams
from sealink.gateway.handlers.token_counts import TokenCounts
from sealink.gateway.model_api import ModelApi
from sealink.gateway.operations.chat import GATHERED, STREAM, WHOLE
from sealink.gateway.operations.embeddings import EMBEDDINGS
from sealink.gateway.services import Services
from sealink.http import Endpoint, ErrorBody, Handler
from sealink.wire import embeddings
from sealink.wire.dialect import ClientApi, HeartbeatShape
from sealink.wire.dialects import anthropic_messages, openai_chat, openai_responses

CHAT_PATH: Final = "/v1/chat/completions"
CHAT: Final = openai_chat.OpenAIChatClient(responses_api=openai_responses.CLIENT)
RESPONSES: Final = openai_responses.CLIENT
MESSAGES: Final = anthropic_messages.CLIENT
EMBEDDING: Final = embeddings.CLIENT

OPENAI_ERRORS: Final[ErrorBody] = openai_chat.CLIENT.error_body
ANTHROPIC_ERRORS: Final[ErrorBody] = anthropic_messages.error_body


def public_endpoints(
    admission: AdmissionControl,
    services: Services,
    *,
    accounts: KeyAccounts | None = None,
    max_embeddings_bytes: int | None = None,
    models_without_key: bool = True,
    unready: Reasons = list,
    warnings: Reasons = list,
    max_before_content_bytes: int = STREAM.max_before_content_bytes,
) -> tuple[Endpoint, ...]:
    """The table. It holds what is spoken on each path, so that a new endpoint is one entry here. `accounts`: what is
    known of keys, where that is told."""
    stream = msgspec.structs.replace(STREAM, max_before_content_bytes=max_before_content_bytes)

    def model(
        path: str,
        client: ClientApi,
        *,
        heartbeat: HeartbeatShape | None = None,
        whole: WholeOperation = WHOLE,
        max_body_bytes: int | None = None,
    ) -> Endpoint:
        """An endpoint at which a model answers."""
        gathered = GATHERED if whole is WHOLE else None
        shape = services.heartbeat.shape_on(path, heartbeat)
        api = ModelApi(client, shape, stream=stream, whole=whole, gathered=gathered)
        return with_key(path, Answers(admission, services, api), client, max_body_bytes)

    def with_key(path: str, handler: Handler, client: ClientApi, max_body_bytes: int | None = None) -> Endpoint:
        """An endpoint that needs a key, whose requests have rows."""
        return Endpoint(
            method="POST",
            path=path,
            handler=handler,
            error_body=client.error_body,
            max_body_bytes=max_body_bytes,
            authenticate=admission.authenticate,
            refused=partial(admission.refused_unread, client),
        )

    ready = Ready(unready, warnings)
    count_tokens = TokenCounts(admission, services, MESSAGES)
    models, streams = Models(admission, without_key=models_without_key), Streams(admission, services.logs)
    return (
        Endpoint("GET", "/", root, OPENAI_ERRORS),
        *(Endpoint("GET", path, live, OPENAI_ERRORS) for path in ("/health/live", "/healthz")),
        *(Endpoint("GET", path, ready, OPENAI_ERRORS) for path in ("/health/ready", "/health")),
        model(CHAT_PATH, CHAT),
        model("/v1/responses", RESPONSES),
        model("/v1/embeddings", EMBEDDING, whole=EMBEDDINGS, max_body_bytes=max_embeddings_bytes),
        model("/v1/messages", MESSAGES, heartbeat="chunk"),
        model("/anthropic/v1/messages", MESSAGES, heartbeat="chunk"),
        with_key("/v1/messages/count_tokens", count_tokens, MESSAGES),
        with_key("/anthropic/v1/messages/count_tokens", count_tokens, MESSAGES),
        Endpoint("GET", "/v1/models", models.list, OPENAI_ERRORS),
        Endpoint("GET", "/v1/models/{id}", models.get, OPENAI_ERRORS),
        Endpoint("GET", "/anthropic/v1/models", models.list, ANTHROPIC_ERRORS),
        Endpoint("GET", "/anthropic/v1/models/{id}", models.get, ANTHROPIC_ERRORS),
        Endpoint("GET", "/v1/streams/{id}", streams.resume, OPENAI_ERRORS),
        Endpoint("DELETE", "/v1/streams/{id}", streams.cancel, OPENAI_ERRORS),
        *(() if accounts is None else _of_keys(admission, accounts)),
    )


def _of_keys(admission: AdmissionControl, accounts: KeyAccounts) -> Iterable[Endpoint]:
    """What a key's holder is told of it."""
    own, billing = OwnUsage(admission, accounts), Billing(admission, accounts)
    handlers: dict[str, Handler] = {"/v1/me": own.me, "/v1/usage": own.usage}
    for dashboard in ("/v1/dashboard/billing", "/dashboard/billing"):
        handlers[f"{dashboard}/subscription"] = billing.subscription
        handlers[f"{dashboard}/usage"] = billing.usage
        handlers[f"{dashboard}/credit_grants"] = billing.credit_grants
    handlers |= {"/v1/key": billing.key, "/v1/auth/key": billing.key, "/v1/credits": billing.credits}
    return (Endpoint("GET", path, handler, OPENAI_ERRORS) for path, handler in handlers.items())
