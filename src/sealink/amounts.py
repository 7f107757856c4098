"""What a number in a setting may be: amounts that msgspec checks where a config is read."""

from typing import Annotated

from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0)]
"""A time to wait. None of it would mean that nothing can ever be in time."""
Delay = Annotated[float, Meta(ge=0)]
"""A time in seconds that may be none at all."""
Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(gt=0)]
"""Bytes, or attempts: at least one."""
Port = Annotated[int, Meta(ge=0, le=65535)]
"""A TCP port; 0 is any that is free."""
