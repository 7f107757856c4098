"""What is counted for one name: the cells of its slot, and how they are changed so that a kill cannot tear a change.

A slot has its state twice. A change writes the state that is not in force, and then the one cell that says which is.
The rings of the windows are written where the state in force does not look yet.

A state also says which request was settled last, and by which process. Whoever opens the slot next notes it in that
process's cell: so it stays known for each process, to the end of its life and beyond, which request it settled last.
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
_SETTLED_CELL: Final = 960
_SPENDING_CELLS: Final = 6
_IN_LEDGER: Final = -1
"""Instead of a request: all that the process has settled was read from the ledger."""
_WINDOWS: Final = (MINUTE_NS, MINUTE_NS, DAY_NS)

assert len(_WINDOWS) * STATE_CELLS + _SPENDING_CELLS + 2 <= _STATE_CELLS
assert _LEASES_CELL + 2 * PROCESSES <= _RINGS_CELL
assert _RINGS_CELL + len(_WINDOWS) * RING_CELLS <= _SETTLED_CELL
assert _SETTLED_CELL + PROCESSES <= SLOT_CELLS


class Slot:
    """One name's slot. To be used while it is locked."""

    def __init__(self, file: SharedFile, name: str) -> None:
        self.name = name
        self._file = file
        self.at = at = file.slot_of(name)
        cells = self._cells = file.cells[at : at + SLOT_CELLS]
        rings = range(_RINGS_CELL, _RINGS_CELL + len(_WINDOWS) * RING_CELLS, RING_CELLS)
        self._rings = [cells[ring : ring + RING_CELLS] for ring in rings]
        nothing = [0] * STATE_CELLS
        self.windows = [Window(length, nothing, ring) for length, ring in zip(_WINDOWS, self._rings, strict=True)]
        self._own = _LEASES_CELL + 2 * file.process
        self._leased: tuple[int, int] | None = None

    def release(self) -> None:
        """The file is about to be closed."""
        for view in (*self._rings, self._cells):
            view.release()

    def open(self, now_ns: int) -> None:
        """Read the state, as it is now."""
        begin = _STATES_CELL + self._cells[_WHICH_CELL] * _STATE_CELLS
        state = self._cells[begin : begin + _STATE_CELLS].tolist()
        for index, window in enumerate(self.windows):
            window.restore(state[index * STATE_CELLS : (index + 1) * STATE_CELLS])
            window.advance(now_ns)
        end = 3 * STATE_CELLS + _SPENDING_CELLS
        self.spending = Spending(*state[3 * STATE_CELLS : end])
        self._settled_by, self._settled = state[end : end + 2]
        self._leased = None
        if self._settled:
            self._cells[_SETTLED_CELL + self._settled_by] = self._settled

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
            spending.told,
            self._settled_by,
            self._settled,
        )
        cells[begin : begin + len(state)] = memoryview(array("q", state))
        cells[_WHICH_CELL] = other

    def settle(self, request: int, process: int | None = None) -> None:
        """A request, by its number, is settled by a process (this one), in the state that is saved next."""
        self._settled_by, self._settled = self._file.process if process is None else process, request

    def has_settled(self, process: int, request: int) -> bool:
        """Whether this is counted: the process settled it last, or it was read from the ledger."""
        return self._cells[_SETTLED_CELL + process] in (request, _IN_LEDGER)

    def is_read_from_ledger(self) -> None:
        """What processes that are dead now have settled is counted."""
        for process in self._file.unrecovered():
            if self._file.is_dead(process):
                self._cells[_SETTLED_CELL + process] = _IN_LEDGER
                if self._settled_by == process:
                    self._settled = 0

    @property
    def used(self) -> Used:
        requests, tokens, of_day = self.windows
        return Used(requests, tokens, of_day, self.streams)

    @property
    def streams(self) -> int:
        """How many streams are open, in all processes."""
        return self._sums()[0]

    @property
    def reserved(self) -> int:
        """How much money open requests may still spend, in all processes."""
        return self._sums()[1]

    def _sums(self) -> tuple[int, int]:
        """Of all processes' leases, added up once while the slot is locked."""
        sums = self._leased
        if sums is None:
            leases = self._cells[_LEASES_CELL : _LEASES_CELL + PROCESSES * 2].tolist()
            sums = self._leased = sum(leases[::2]), sum(leases[1::2])
        return sums

    def lease(self, streams: int, reserved: int) -> None:
        """Streams open (or end, below 0), money is reserved (or given back) by this process."""
        cells, own = self._cells, self._own
        self._leased = None
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
                found, self._leased = True, None
        return found


def clear_leases(file: SharedFile, process: int) -> None:
    """Give back, in all slots, what a process holds: it is dead, or ends."""
    for at in file.slots:
        place = at + _LEASES_CELL + 2 * process
        if file.cells[place] or file.cells[place + 1]:
            file.cells[place] = file.cells[place + 1] = 0
        if file.cells[at + _SETTLED_CELL + process]:
            file.cells[at + _SETTLED_CELL + process] = 0


def forget_spending(file: SharedFile) -> None:
    """In all slots: what was spent is read from the ledger again."""
    for at in file.slots:
        for state in (at + _STATES_CELL, at + _STATES_CELL + _STATE_CELLS):
            spending = state + 3 * STATE_CELLS
            file.cells[spending : spending + _SPENDING_CELLS + 2] = memoryview(array("q", [0] * (_SPENDING_CELLS + 2)))
