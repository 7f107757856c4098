"""`sealink check --live`: each provider is asked for its models."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from sealink import __version__
from sealink.app.providers import provider_of
from sealink.app.proxies import proxies_of_the_environment
from sealink.config import Config, ProviderConfig
from sealink.config.mistakes import did_you_mean
from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.gateway.failover.attempt import ERROR_STATUSES, joined_url
from sealink.gateway.failover.upstream_words import UpstreamWords, unexpected_status
from sealink.gateway.failover.whole_body import WholeBody
from sealink.net.client import UpstreamPool
from sealink.net.message import UpstreamRequest
from sealink.policy.routing import name_at_target
from sealink.providers.profile import Profile
from sealink.providers.provider import Provider
from sealink.providers.transforms import normalized_error
from sealink.wire.model_list import ModelList

_OK = 200
_NO_LIST = frozenset({404, 405, 501})
_UNAUTHORISED = frozenset({401, 402, 403})
_MAX_NAMED = 5


class Found(msgspec.Struct, frozen=True):
    """What is found about a provider, in words. `is_ok`: nothing speaks against using it."""

    provider: str
    is_ok: bool
    words: str

    def __str__(self) -> str:
        return f"{self.provider}: {self.words}"


async def live_check(config: Config, timeout_s: float) -> Sequence[Found]:
    """Ask all providers at the same time, each for so long at most. In the config's order."""
    pool = UpstreamPool(config.upstream, proxies=proxies_of_the_environment())
    try:
        return await asyncio.gather(
            *(_look_at(provider, _wanted(config, provider), pool, timeout_s) for provider in config.providers)
        )
    finally:
        await pool.close()


def _wanted(config: Config, provider: ProviderConfig) -> list[str]:
    """The names of the models that are asked for there. A pattern names none."""
    names = (
        name_at_target(target.model, model.id, model.id)
        for model in config.models
        for target in model.targets
        if target.provider == provider.name
    )
    return [name for name in dict.fromkeys(names) if "*" not in name]


async def _look_at(config: ProviderConfig, wanted: Sequence[str], pool: UpstreamPool, timeout_s: float) -> Found:
    if config.dialect_name == "sim":
        return Found(config.name, True, "ok, built in")
    provider = provider_of(config)
    try:
        async with asyncio.timeout(timeout_s):
            return await _Question(provider, pool, timeout_s).answer(wanted)
    except TimeoutError:
        return Found(config.name, False, f"unreachable: no answer from {provider.base_url} within {timeout_s:g} s")


class _Question:
    """One provider is asked for its models."""

    def __init__(self, provider: Provider, pool: UpstreamPool, timeout_s: float) -> None:
        self._provider = provider
        self._pool = pool
        self._timeout_s = timeout_s
        # Without a list there is still to be seen whether anybody answers.
        self._list = provider.dialect.model_list or ModelList("", lambda body: [])
        self._request = UpstreamRequest(
            method="GET",
            url=joined_url(provider.base_url, self._list.path),
            headers=[
                ("accept", "application/json"),
                ("user-agent", f"sealink/{__version__}"),
                *provider.headers,
                *self._list.headers,
            ],
            provider=provider.name,
        )

    async def answer(self, wanted: Sequence[str]) -> Found:
        try:
            status, headers, body = await self._ask()
        except SealinkError as error:
            return self._found(False, f"unreachable: {self._told(error)}")
        if status in _NO_LIST:
            return self._found(True, "ok, it answers; it lists no models, so that neither they nor its key are checked")
        if status not in ERROR_STATUSES and status != _OK:
            return self._refused(unexpected_status(status, headers, body))
        if status != _OK:
            refusal = self._provider.dialect.read_error(status, headers, body)
            return self._refused(normalized_error(refusal, self._provider.profile))
        try:
            return self._compared(self._list.read(body), wanted)
        except SealinkError as error:
            return self._found(False, f"it answers, but not as expected at {self._request.url}: {error}")

    async def _ask(self) -> tuple[int, HeaderList, bytes]:
        request, signer = self._request, self._provider.signer
        if signer is not None:
            signature = await signer.sign(request.method, request.url, request.headers, request.body)
            request.headers = [*request.headers, *signature]
        response = await self._pool.send(request, connect_s=self._timeout_s)
        body = WholeBody()
        while piece := await response.read():
            body.add(piece)
        return response.status, response.headers, body.whole()

    def _refused(self, error: SealinkError) -> Found:
        status = error.meant_status if isinstance(error, UpstreamRejected) else error.status
        kind = "unauthorised, it does not take its key" if status in _UNAUTHORISED else "it answers with an error"
        return self._found(False, f"{kind}: {error.status}, {self._told(error)}")

    def _compared(self, names: Iterable[str], wanted: Sequence[str]) -> Found:
        """The models that are asked for, and those that are offered."""
        profile = self._provider.profile or Profile("", "")
        offered = dict.fromkeys(names)
        if not profile.lists_models:
            return self._found(True, "ok, it takes the key; its list of models does not say which may be asked for")
        missing = [name for name in wanted if name not in offered and _listed_name(profile, name) not in offered]
        if not missing:
            return self._found(True, f"ok, {_counted(len(wanted))}, of {len(offered)} that it offers")
        hints = [f"{name!r}{did_you_mean(name, offered)}" for name in missing[:_MAX_NAMED]]
        more = [f"and {len(missing) - _MAX_NAMED} more"] if len(missing) > _MAX_NAMED else []
        return self._found(False, f"model not offered: {', '.join([*hints, *more])}")

    def _found(self, is_ok: bool, words: str) -> Found:
        return Found(self._provider.name, is_ok, words)

    def _told(self, error: SealinkError) -> str:
        """The error without secrets."""
        UpstreamWords(self._provider, self._request.url, self._request.headers).mask(error)
        return " ".join(error.message.split())


def _listed_name(profile: Profile, name: str) -> str:
    return name if profile.listed_as is None else profile.listed_as(name)


def _counted(models: int) -> str:
    return "1 model is used" if models == 1 else f"{models} models are used"
