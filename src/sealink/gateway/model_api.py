"""What an endpoint speaks at which models answer."""

import msgspec

from sealink.gateway.failover.streamed import StreamOperation
from sealink.gateway.failover.whole import WholeOperation
from sealink.gateway.operations.chat import STREAM, WHOLE
from sealink.wire.dialect import ClientApi, HeartbeatShape


class ModelApi(msgspec.Struct, frozen=True):
    """Its clients' API, the shape of heartbeats in its streams, and its operations."""

    client: ClientApi
    heartbeat: HeartbeatShape
    stream: StreamOperation = STREAM
    whole: WholeOperation = WHOLE
