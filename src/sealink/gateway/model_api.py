"""What an endpoint speaks at which models answer."""

import msgspec

from sealink.gateway.failover.streamed import StreamOperation
from sealink.gateway.failover.whole import WholeOperation
from sealink.gateway.operations.chat import GATHERED, STREAM, WHOLE
from sealink.wire.dialect import ClientApi, HeartbeatShape


class ModelApi(msgspec.Struct, frozen=True):
    """Its clients' API, the shape of heartbeats in its streams, and its operations. `gathered`: how a whole answer is
    had by a stream, None where there are no streams."""

    client: ClientApi
    heartbeat: HeartbeatShape
    stream: StreamOperation = STREAM
    whole: WholeOperation = WHOLE
    gathered: WholeOperation | None = GATHERED
