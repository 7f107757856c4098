"""How long and how much is probed."""

import msgspec

Phases = tuple[tuple[int, float], ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Of a diagnosis. Times in seconds, sizes in bytes. Tests use a shorter one."""

    limit_s: float = 29.0
    """Of the whole diagnosis: what is not done then is not tested. The silences of `--long` come on top."""
    conformance_limit_s: float = 120.0
    """Of a whole scorecard: what has not been asked then is not judged."""
    connect_s: float = 5.0
    answer_s: float = 15.0
    """How long one answer may take, besides the silences that are asked for."""
    paced: Phases = ((20, 0.1), (100, 0.015))
    """The stream that shows whether tokens are held back: first slow, then fast. So a buffer that is emptied by size
    can be told from one that is emptied by time."""
    token_chars: int = 200
    """Of each token of that stream, which makes its frames some 450 bytes long."""
    tolerated_delay_s: float = 0.075
    """The median delay of tokens from which they are late."""
    compressible: Phases = ((20, 0.05),)
    """The stream that is asked for as by a client that accepts compression."""
    silence_s: float = 12.5
    """How long the model is silent where heartbeats are looked for. SeaLink sends one after 10 s."""
    after_silence: Phases = ((4, 2.0),)
    """What follows in that stream: it outlasts time-outs that count to the end of an answer, as Envoy's of 15 s."""
    leave_after_tokens: int = 5
    leave_patience_s: float = 5.0
    """How long a client's leaving may take to reach the model."""
    body_sizes: tuple[int, ...] = (900_000, 2_000_000, 8_000_000, 20_000_000, 32_000_000)
    """Of requests that are tried for the largest that passes."""
    body_s: float = 5.0
    long_silence_s: float = 330.0
    """With `--long`: how long a model is silent."""
