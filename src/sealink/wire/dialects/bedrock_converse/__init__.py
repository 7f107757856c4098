"""Amazon Bedrock's Converse API, for upstreams.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html

upstream  what an upstream is sent, and the answers and errors it returns
views     the fields that are read of Bedrock's objects
usage     token counts
finish    stop reasons
"""

from typing import Final

from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects.bedrock_converse.upstream.dialect import BedrockConverseUpstream

UPSTREAM: Final[UpstreamDialect] = BedrockConverseUpstream()
