"""A provider as requests are sent to it."""

import msgspec

from sealink.errors import HeaderList
from sealink.providers.profile import Profile
from sealink.providers.signers.signing import Signer
from sealink.providers.stated_cost import StatedCost
from sealink.wire.dialect import UpstreamDialect
from sealink.wire.embeddings import EmbeddingsUpstream


class Timeouts(msgspec.Struct, frozen=True):
    """The four timers of an exchange, in seconds.

    `connect_s`: until the connection is open. `first_content_s`: from the request until the first content of a stream,
    or the first byte of a whole answer; until then it is the only one of the upstream's silence. `idle_s`: from then
    on, without a byte of any kind. `total_s`: the whole exchange, all attempts together.
    """

    connect_s: float = 5.0
    first_content_s: float = 600.0
    idle_s: float = 300.0
    total_s: float = 3600.0


class Pricing(msgspec.Struct, frozen=True):
    """Where to find what a provider's answers cost: the fields of the same names in its vendor's record."""

    price_list: str = ""
    stated_cost: StatedCost | None = None
    one_search_fee: tuple[str, ...] = ()


class Provider(msgspec.Struct, frozen=True):
    """Where requests are sent: an address, a dialect, and the headers that authorize them.

    `profile` is the vendor's, where it is a known one; `signer` makes headers for each request. `embeddings` is None
    where the provider has none. `pricing`: what its answers cost.
    """

    name: str
    dialect: UpstreamDialect
    base_url: str
    headers: HeaderList = ()
    simulated: bool = False
    profile: Profile | None = None
    signer: Signer | None = None
    embeddings: EmbeddingsUpstream | None = None
    pricing: Pricing = Pricing()
