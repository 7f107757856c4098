"""What to do about an attempt that failed before the client was told anything."""

from sealink.errors import GatewayTimeout, SealinkError, UpstreamError, UpstreamRejected

# The upstream's own fault, or one of its credentials or models: another target may do better. The
# rest (400, 413, 422 …) is about the request, and would come from every target of the model.
_TRY_NEXT_STATUSES = frozenset({401, 402, 403, 404, 408, 409, 429})


def may_try_next(error: SealinkError) -> bool:
    """Whether the next target of the model is worth trying after this error."""
    if isinstance(error, UpstreamRejected):
        return error.status >= 500 or error.status in _TRY_NEXT_STATUSES
    return isinstance(error, UpstreamError | GatewayTimeout)
