"""When workers that have ended are started anew."""


class Restarts:
    """At once, but ever later while they do not last.

    Times are in seconds of one clock. A worker that lives as long as the longest pause ends the pauses.
    """

    def __init__(self, pause_s: float, max_pause_s: float) -> None:
        self._pause_s = pause_s
        self._max_pause_s = max_pause_s
        self._setbacks = 0
        self._due: list[float] = []

    def __bool__(self) -> bool:
        """Whether any worker is to be started anew."""
        return bool(self._due)

    def ended(self, now: float, lived_s: float) -> float:
        """A worker has ended, or could not even be started. Returns the pause until another is due."""
        self._setbacks = self._setbacks + 1 if lived_s < self._max_pause_s else 0
        pause_s = min(self._pause_s * 2.0 ** min(self._setbacks - 1, 32), self._max_pause_s) if self._setbacks else 0.0
        self._due.append(now + pause_s)
        return pause_s

    def take_due(self, now: float) -> int:
        """How many are to be started now."""
        count = sum(due <= now for due in self._due)
        self._due = [due for due in self._due if due > now]
        return count
