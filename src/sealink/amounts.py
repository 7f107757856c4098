"""Numbers in settings: types with a range, which msgspec checks when a config is read."""

from typing import Annotated

from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0)]
"""A time limit: more than 0, or nothing could ever be in time."""
Delay = Annotated[float, Meta(ge=0)]
"""A time in seconds, or 0."""
Share = Annotated[float, Meta(ge=0, le=1)]
"""A part of a whole: 0.1 is 10 %."""
Percent = Annotated[float, Meta(gt=0, le=100)]
Weight = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(gt=0)]
"""A number of bytes or of attempts: at least one."""
Usd = Annotated[float, Meta(ge=0, le=1_000_000)]
UsdRate = Annotated[float, Meta(gt=0, le=1_000_000_000)]
Markup = Annotated[float, Meta(ge=-100, le=10_000)]
"""Percent; -100 makes something free."""
FileMode = Annotated[str, Meta(pattern="^0?[0-7]{3}$")]
"""Who may use a file, as `chmod` takes it: `0660`."""
Port = Annotated[int, Meta(ge=0, le=65535)]
"""A TCP port; 0 takes a free one."""
