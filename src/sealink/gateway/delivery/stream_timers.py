"""The timers of one stream: how long its upstream has been silent, and what is to be done after so many seconds."""

import math
from collections.abc import Callable

import msgspec

from sealink.gateway.timer_wheel import Timer, TimerWheel


class _Timer(msgspec.Struct, eq=False):
    """Call `act` `after_s` seconds after `since`; if it `repeats`, again after each further silence of that length."""

    act: Callable[[], None]
    after_s: float
    since: float
    repeats: bool


class StreamTimers:
    """Calls what `on_silence` and `once` have registered, when its time has come.

    All of them share one timer of the wheel, and `heard`, which is called for every chunk, only notes the time:
    when the wheel's timer fires, it is compared with that time and set again for the rest. `longest_silence_s` is the
    longest silence that ended; `long_silence_ended` is called at the end of each that was longer than
    `long_silence_s`.
    """

    def __init__(self, wheel: TimerWheel, long_silence_s: float, long_silence_ended: Callable[[], None]) -> None:
        self._wheel = wheel
        self.now = wheel.now
        self.since = self.now()
        self.longest_silence_s = 0.0
        self._notable_s = 0.0
        self._long_silence_s = long_silence_s
        self._long_silence_ended = long_silence_ended
        self._timers: list[_Timer] = []
        self._next: Timer | None = None

    def on_silence(self, after_s: float, act: Callable[[], None], *, counts_from_now: bool = True) -> None:
        """Call `act` whenever nothing has been heard for `after_s` seconds; its last call counts as something heard.

        Unless it `counts_from_now`, the silence that has been under way counts too.
        """
        now = self.now()
        self._add(_Timer(act, after_s, now if counts_from_now else min(self.since, now), repeats=True))

    def once(self, after_s: float, act: Callable[[], None]) -> None:
        """Call `act` in `after_s` seconds, whatever is heard until then."""
        self._add(_Timer(act, after_s, self.now(), repeats=False))

    @property
    def silent_s(self) -> float:
        """How long nothing has been heard; 0 while the upstream is not read."""
        return max(0.0, self.now() - self.since)

    def heard(self) -> None:
        """The upstream has sent something."""
        now = self.now()
        silent_s = now - self.since
        self.since = now
        if silent_s > self._notable_s:
            self._note_silence(silent_s)

    def _note_silence(self, silent_s: float) -> None:
        """A silence that is the longest so far, or a long one, has ended."""
        self.longest_silence_s = max(self.longest_silence_s, silent_s)
        self._notable_s = min(self.longest_silence_s, self._long_silence_s)
        if silent_s > self._long_silence_s:
            self._long_silence_ended()

    def pause(self) -> None:
        """The upstream is not read: until the next `resume` its silence does not count."""
        self.since = math.inf

    def resume(self) -> None:
        """The upstream is read again, and its silence counts from now."""
        self.since = self.now()

    def stop(self) -> None:
        """Call nothing any more."""
        self._timers.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _add(self, timer: _Timer) -> None:
        self._timers.append(timer)
        self._fire_by(timer.since + timer.after_s)

    def _fire_by(self, when: float) -> None:
        """Have the wheel's timer fire at `when`, unless it does so earlier."""
        if self._next is not None:
            if self._next.when <= when:
                return
            self._next.cancel()
        self._next = self._wheel.call_at(when, self._fire)

    def _fire(self) -> None:
        self._next = None
        now = self.now()
        for timer in self._timers.copy():
            if self._due_at(timer) <= now:
                if timer.repeats:
                    timer.since = now
                else:
                    self._timers.remove(timer)
                timer.act()
        if self._timers:
            self._fire_by(min([min(self._due_at(timer), now + timer.after_s) for timer in self._timers]))

    def _due_at(self, timer: _Timer) -> float:
        return (max(self.since, timer.since) if timer.repeats else timer.since) + timer.after_s
