"""Built from _plain_reads.c, where there is a C compiler."""

from sealink.wire.stream.plain_reads import Fitting

def pass_on(passage: Fitting, read: bytes) -> bool | None: ...
