"""What is counted for one name: the cells of its slot, and how they are changed so that a kill cannot tear a change.

A slot has its state twice. A change writes the state that is not in force, and then the one cell that says which is.
The rings of the windows are written where the state in force does not look yet.
"""

from array import array
from typing import Final

from sealink.limits.decision import Spending
from sealink.limits.shared_file import PROCESSES, SLOT_CELLS, SharedFile
from sealink.policy.limits import DAY_NS, MINUTE_NS, RING_CELLS, STATE_CELLS, Used, Window

_WHICH_CELL: Final = 0
_STATES_CELL: Final = 8
_STATE_CELLS: Final = 24
_LEASES_CELL: Final = _STATES_CELL + 2 * _STATE_CELLS
_RINGS_CELL: Final = 192
_WINDOWS: Final = (MINUTE_NS, MINUTE_NS, DAY_NS)

assert len(_WINDOWS) * STATE_CELLS + 5 <= _STATE_CELLS
assert _LEASES_CELL + 2 * PROCESSES <= _RINGS_CELL
assert _RINGS_CELL + len(_WINDOWS) * RING_CELLS <= SLOT_CELLS


class Slot:
    """One name's slot. To be used while it is locked."""

    def __init__(self, file: SharedFile, name: str) -> None:
        self.name = name
        self._file = file
        self.at = at = file.slot_of(name)
        cells = self._cells = file.cells[at : at + SLOT_CELLS]
        rings = range(_RINGS_CELL, _RINGS_CELL + len(_WINDOWS) * RING_CELLS, RING_CELLS)
        self._rings = [cells[ring : ring + RING_CELLS] for ring in rings]
        self._own = _LEASES_CELL + 2 * file.process

    def release(self) -> None:
        """The file is about to be closed."""
        for view in (*self._rings, self._cells):
            view.release()

    def open(self, now_ns: int) -> None:
        """Read the state, as it is now."""
        begin = _STATES_CELL + self._cells[_WHICH_CELL] * _STATE_CELLS
        state = self._cells[begin : begin + _STATE_CELLS].tolist()
        self.windows = []
        for index, ring in enumerate(self._rings):
            window = Window(_WINDOWS[index], state[index * STATE_CELLS : (index + 1) * STATE_CELLS], ring)
            window.advance(now_ns)
            self.windows.append(window)
        self.spending = Spending(*state[3 * STATE_CELLS : 3 * STATE_CELLS + 5])

    def save(self) -> None:
        """Put the state in force, at once or not at all."""
        cells, spending = self._cells, self.spending
        other = 1 - cells[_WHICH_CELL]
        begin = _STATES_CELL + other * _STATE_CELLS
        state = [cell for window in self.windows for cell in window.state]
        state += (
            spending.kind,
            spending.period_start_s,
            spending.spent,
            spending.balance_since_s,
            spending.balance_spent,
        )
        cells[begin : begin + len(state)] = memoryview(array("q", state))
        cells[_WHICH_CELL] = other

    @property
    def used(self) -> Used:
        requests, tokens, of_day = self.windows
        return Used(requests, tokens, of_day, self.streams)

    @property
    def streams(self) -> int:
        """How many streams are open, in all processes."""
        return sum(self._cells[_LEASES_CELL : _LEASES_CELL + PROCESSES * 2 : 2].tolist())

    @property
    def reserved(self) -> int:
        """How much money open requests may still spend, in all processes."""
        return sum(self._cells[_LEASES_CELL + 1 : _LEASES_CELL + PROCESSES * 2 : 2].tolist())

    def lease(self, streams: int, reserved: int) -> None:
        """Streams open (or end, below 0), money is reserved (or given back) by this process."""
        cells, own = self._cells, self._own
        if streams:
            cells[own] += streams
        if reserved:
            cells[own + 1] += reserved

    def free_dead(self) -> bool:
        """Give back what dead processes have left. Whether there was any."""
        cells, found = self._cells, False
        for process in range(PROCESSES):
            place = _LEASES_CELL + 2 * process
            if (cells[place] or cells[place + 1]) and self._file.is_dead(process):
                cells[place] = cells[place + 1] = 0
                found = True
        return found


def clear_leases(file: SharedFile) -> None:
    """Give back, in all slots, what a dead process has left that had this one's number."""
    for at in file.slots:
        own = at + _LEASES_CELL + 2 * file.process
        if file.cells[own] or file.cells[own + 1]:
            file.cells[own] = file.cells[own + 1] = 0
