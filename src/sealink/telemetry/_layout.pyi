"""Built from _layout.c, where there is a C compiler."""

from sealink.telemetry.layout import Filled, Values

def fill(compiled: bytes, in_python: Filled, values: Values, began_ns: int, /) -> bytes: ...
