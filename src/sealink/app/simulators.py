"""The simulated models of a config: providers like any other, each on a loopback port of its own."""

from sealink.app.dialects import SIMULATED, UPSTREAM_DIALECTS
from sealink.app.listening.address import LOOPBACK
from sealink.config import ProviderConfig
from sealink.http.responses import JSON
from sealink.net.server import Server, ServerLimits
from sealink.providers.provider import Provider
from sealink.wire.dialects import openai_chat


class Simulators:
    """The servers that simulated models run on. A request's body may have `max_body_bytes`."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._servers: list[Server] = []

    async def start(self, config: ProviderConfig) -> Provider:
        """A simulated model, listening."""
        from sealink.sim import SimSettings, sim_handler  # not for those who run real providers only

        server = Server(
            sim_handler(SimSettings(ttft_s=config.ttft_s, tokens_per_s=config.tokens_per_s), SIMULATED),
            limits=ServerLimits(keep_alive_grace_s=0),
            check_head=lambda request: self._max_body_bytes,
            error_response=lambda error, request: (JSON, openai_chat.CLIENT.error_body(error, "")),
        )
        self._servers.append(server)
        addresses = await server.start(LOOPBACK, 0)
        return Provider(
            name=config.name,
            dialect=UPSTREAM_DIALECTS[SIMULATED],
            base_url=f"http://{LOOPBACK}:{addresses[0][1]}/v1",
            simulated=True,
        )

    async def stop(self) -> None:
        for server in self._servers:
            await server.stop(0)
