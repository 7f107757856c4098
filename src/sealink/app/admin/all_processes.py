"""What all processes of one SeaLink are asked together, and their answers put together."""

from collections.abc import Awaitable, Callable
from itertools import chain

from sealink.admin.shapes import TargetState
from sealink.app.telemetry.gauges import ProcessMetrics
from sealink.config.changes import Changes
from sealink.console.backend import MAX_LISTED, STATES, Streams
from sealink.gateway.open_exchanges import RowLength
from sealink.net.siblings import Siblings
from sealink.telemetry.gauge import merged
from sealink.telemetry.request_metrics import RequestMetrics


class AllProcesses:
    """This process and its siblings. What each answers for itself is in App; `live` is what this one answers."""

    def __init__(self, siblings: Siblings, live: Callable[[RowLength], bytes]) -> None:
        self._siblings = siblings
        self._live = live

    async def reload(self) -> Changes:
        """Have each read the config again. Raises the ConfigError of any."""
        answers = await self._siblings.ask_all("reload")
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        if failed:
            raise failed[0]
        found: Changes = answers[0]
        return found

    async def metrics(self) -> bytes:
        """The metrics of all together, as Prometheus' text."""
        from sealink.telemetry.exposition import exposition

        answers = await self._siblings.ask_all("metrics")
        counted = [answer for answer in answers if isinstance(answer, ProcessMetrics)]
        total = RequestMetrics()
        for each in counted:
            total.add(each.requests)
        return exposition(total, merged([each.gauges for each in counted]))

    async def streams(self) -> Streams:
        """What is open in all, the newest first."""
        answers = [each for each in await self._siblings.ask_all("streams") if isinstance(each, Streams)]
        listed = sorted(chain(*(each.listed for each in answers)), key=lambda each: each.started_at, reverse=True)
        return Streams(listed[:MAX_LISTED], sum(each.streams for each in answers), sum(each.others for each in answers))

    def live(self, length: RowLength) -> list[bytes] | Awaitable[list[bytes]]:
        """What the page of open streams is told of each; at once where there is only one process."""
        return self._live_of_all(length) if self._siblings.may_be else [self._live(length)]

    async def _live_of_all(self, length: RowLength) -> list[bytes]:
        return [each for each in await self._siblings.ask_all(f"live {length}") if isinstance(each, bytes)]

    async def end_stream(self, request_id: str) -> bool:
        """End a stream, in whichever process it is. False if there is none of that id."""
        if not request_id.isidentifier():  # req_…: what else it is would be another question
            return False
        return True in await self._siblings.ask_all(f"end {request_id}")

    async def targets(self) -> list[TargetState]:
        """The targets that any process has tried, each in the worst state that it is in."""
        answers = [each for each in await self._siblings.ask_all("targets") if isinstance(each, list)]
        worst: dict[tuple[str, str], TargetState] = {}
        for found in sorted(chain(*answers), key=lambda each: STATES.index(each.state)):
            worst[found.provider, found.model] = found
        return list(worst.values())
