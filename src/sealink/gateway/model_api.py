"""What is spoken at an endpoint where models are asked."""

import msgspec

from sealink.gateway.chat import STREAM, WHOLE
from sealink.gateway.failover.streamed import StreamOperation
from sealink.gateway.failover.whole import WholeOperation
from sealink.wire.dialect import ClientDialect, HeartbeatShape


class ModelApi(msgspec.Struct, frozen=True):
    """The clients' dialect, the shape of heartbeats in streams, and the operations that the requests ask for."""

    client: ClientDialect
    heartbeat: HeartbeatShape
    stream: StreamOperation = STREAM
    whole: WholeOperation = WHOLE
