"""A LiteLLM proxy's config.yaml as a sealink.toml (docs.litellm.ai/docs/proxy/config_settings)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import yaml

from sealink.migration.litellm_providers import USED, deployment_of, setting_of, value_of
from sealink.migration.litellm_settings import INSTEAD, NEEDS_NOTHING
from sealink.migration.sealink_toml import toml_of

_CHOICES: Final = {"latency-based-routing": "lowest_ttft", "simple-shuffle": "weighted"}
_MODES: Final = ("chat", "completion", "responses", "embedding")
_MTOK: Final = 1_000_000

_PRICES: Final = {
    "input_cost_per_token": "input_usd_per_mtok",
    "output_cost_per_token": "output_usd_per_mtok",
    "cache_read_input_token_cost": "cached_read_usd_per_mtok",
    "cache_creation_input_token_cost": "cached_write_5m_usd_per_mtok",
    "output_cost_per_reasoning_token": "reasoning_usd_per_mtok",
}

Parameters = Mapping[str, Any]


class Migration(NamedTuple):
    """A sealink.toml, and what could not be carried over or should be looked at."""

    toml: str
    notes: list[str]


class NotAConfig(ValueError):
    """The text is not a config of LiteLLM; the message says why, with the line where there is one."""


def migrate(text: str) -> Migration:
    """The config as a sealink.toml. Raises NotAConfig."""
    return _Migration(_parsed(text)).result()


def _parsed(text: str) -> Parameters:
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise NotAConfig(f"this is not YAML: {error}") from error
    except RecursionError as error:
        raise NotAConfig("it is nested too deeply") from error
    except (ValueError, IndexError) as error:  # PyYAML's own, of a date such as 2026-13-01, or of `!!float ""`
        raise NotAConfig(f"it has a value that YAML cannot read: {error}") from error
    if not isinstance(config, dict) or not isinstance(config.get("model_list"), list):
        raise NotAConfig("there is no `model_list` in it")
    return config


class _Migration:
    def __init__(self, config: Parameters) -> None:
        self._config = config
        self._litellm, self._router, self._general = (
            _table(config, name) for name in ("litellm_settings", "router_settings", "general_settings")
        )
        self._notes: list[str] = []
        self._providers: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}
        self._prices: list[dict[str, Any]] = []
        self._models: dict[str, dict[str, Any]] = {}
        self._credentials = {
            str(each.get("credential_name")): _table(each, "credential_values")
            for each in _tables(config, "credential_list")
        }

    def result(self) -> Migration:
        for number, entry in enumerate(_tables(self._config, "model_list"), 1):
            self._take_model(number, entry)
        for model in self._models.values():
            self._choose(model)
        self._take_fallbacks()
        self._take_aliases()
        keys = self._keys()
        self._note_the_rest()
        sections: dict[str, Any] = {
            "providers": self._providers,
            "models": list(self._models.values()),
            "keys": keys,
            "prices": self._prices,
            "timeouts": {
                "total_s": self._limit("request_timeout", "timeout"),
                "first_content_s": self._limit("stream_timeout"),
            },
            "retry": {"attempts": self._attempts()},
        }
        return Migration(toml_of(sections, self._notes), self._notes)

    # Models and their targets.

    def _take_model(self, number: int, entry: Parameters) -> None:
        name, parameters, info = entry.get("model_name"), _table(entry, "litellm_params"), _table(entry, "model_info")
        parameters = {**self._credentials.get(str(parameters.get("litellm_credential_name")), {}), **parameters}
        model = parameters.get("model")
        if not isinstance(name, str) or not isinstance(model, str):
            known = name if isinstance(name, str) else f"number {number}"  # not all of it: it may hold a key
            self._notes.append(f"an entry of model_list has no model_name or no model: {known}")
            return
        if (mode := info.get("mode", "chat")) not in _MODES:
            self._notes.append(f"{name}: SeaLink does not serve models of mode {mode!r}")
            return
        found = deployment_of(_with_provider(model, parameters), parameters)
        if found is None:
            self._notes.append(
                f"{name}: the provider of {model!r} is not known. If it speaks the API of a known one, add it to "
                "[[providers]] with `dialect`, `base_url` and `api_key`, and to this model's targets"
            )
            return
        provider = self._provider(found.provider)
        weight = parameters.get("weight")
        target = {"provider": provider, "model": found.model, "weight": _number(weight)}
        made = self._models.setdefault(
            name, {"id": name, "choose": None, "first_content_s": None, "total_s": None, "targets": []}
        )
        made["targets"].append(target)
        made["total_s"] = _seconds(parameters.get("timeout")) or made["total_s"]
        made["first_content_s"] = _seconds(parameters.get("stream_timeout")) or made["first_content_s"]
        self._take_prices(provider, found.model, {**info, **parameters})
        self._note_parameters(name, parameters)

    def _provider(self, table: dict[str, Any]) -> str:
        """The name of the provider in [[providers]]; it is added if it is not there. The second of a vendor, with
        another key or region, has a number in its name."""
        identity = json.dumps(table, sort_keys=True)
        if identity not in self._names:
            own = table["name"]
            number = 1 + sum(1 for known in self._providers if own in (known["name"], known.get("vendor")))
            if number > 1:
                table = {**table, "name": f"{own}-{number}", "vendor": None if "dialect" in table else own}
            self._providers.append(table)
            self._names[identity] = table["name"]
        return self._names[identity]

    def _choose(self, model: dict[str, Any]) -> None:
        if len(model["targets"]) > 1:
            strategy = str(self._router.get("routing_strategy", "simple-shuffle"))
            model["choose"] = _CHOICES.get(strategy, "weighted")
            if strategy not in _CHOICES:
                self._note(f"router_settings.routing_strategy {strategy!r}: targets are chosen by chance (`weighted`)")

    def _take_prices(self, provider: str, model: str, parameters: Parameters) -> None:
        prices = {
            ours: float(f"{usd:.9g}")
            for theirs, ours in _PRICES.items()
            if (price := _number(parameters.get(theirs))) is not None and (usd := _number(price * _MTOK)) is not None
        }
        table = {"provider": provider, "model": model, **prices}
        if prices and table not in self._prices:
            self._prices.append(table)

    # What leads from one model to others.

    def _take_fallbacks(self) -> None:
        targets = {name: list(model["targets"]) for name, model in self._models.items()}
        for name, others in self._fallbacks():
            for model in self._models.values() if name == "*" else filter(None, [self._models.get(name)]):
                self._add_targets(
                    model, [target for other in others if other != model["id"] for target in targets.get(other, ())]
                )
            for missing in [each for each in (name, *others) if each not in targets and each != "*"]:
                self._note(f"fallbacks: there is no model {missing!r}")

    def _fallbacks(self) -> Iterator[tuple[str, list[str]]]:
        for settings in (self._router, self._litellm):
            for each in _tables(settings, "fallbacks"):
                yield from ((str(name), _names(others)) for name, others in each.items())
        for settings in (self._router, self._litellm):
            if others := _names(settings.get("default_fallbacks")):
                yield "*", others

    @staticmethod
    def _add_targets(model: dict[str, Any], more: Sequence[Parameters]) -> None:
        """Behind the model's own: by chance they are never the first."""
        for target in more:
            weight = 0.0 if model["choose"] == "weighted" else None
            if all(
                (target["provider"], target["model"]) != (own["provider"], own["model"]) for own in model["targets"]
            ):
                model["targets"].append({**target, "weight": weight})
        if model["choose"] == "lowest_ttft" and more:
            model["choose"] = None

    def _take_aliases(self) -> None:
        for alias, meant in _table(self._router, "model_group_alias").items():
            name = str(meant.get("model") if isinstance(meant, dict) else meant)
            if name in self._models and alias not in self._models:
                self._models[alias] = {**self._models[name], "id": alias}
            elif name not in self._models:
                self._note(f"model_group_alias {alias!r}: there is no model {name!r}")

    # What holds for all.

    def _keys(self) -> list[dict[str, Any]]:
        key = value_of(self._general.get("master_key"))
        if not isinstance(key, str) or not key:
            key = "${SEALINK_API_KEY}"
            self._note("there is no master_key: clients need a key here; set the variable SEALINK_API_KEY to one")
        return [{"name": "master", "key": key}]

    def _limit(self, *names: str) -> float | int | None:
        values = [_seconds(settings.get(name)) for settings in (self._router, self._litellm) for name in names]
        return next((value for value in values if value), None)

    def _attempts(self) -> int | None:
        retries = next((each["num_retries"] for each in (self._router, self._litellm) if "num_retries" in each), None)
        return retries + 1 if isinstance(retries, int) and retries >= 0 else None

    # What is left.

    def _note_parameters(self, name: str, parameters: Parameters) -> None:
        known = {*USED, *NEEDS_NOTHING, *_PRICES, "timeout", "stream_timeout", "max_retries"}
        for left in [each for each in parameters if each not in known and not setting_of(each)]:
            self._note(f"{name}: {left}: " + INSTEAD.get(left, "it is not sent; clients set parameters themselves"))

    def _note_the_rest(self) -> None:
        used = {
            "litellm_settings": {"fallbacks", "default_fallbacks", "request_timeout", "num_retries", "stream_timeout"},
            "router_settings": {
                *("fallbacks", "default_fallbacks", "model_group_alias", "routing_strategy", "timeout"),
                *("num_retries", "stream_timeout"),
            },
            "general_settings": {"master_key"},
        }
        for section, names in used.items():
            for left in [
                each for each in _table(self._config, section) if each not in names and each not in NEEDS_NOTHING
            ]:
                self._note(f"{section}.{left}: " + INSTEAD.get(left, "it has no counterpart"))
        for section in [each for each in self._config if each not in (*used, "model_list", "credential_list")]:
            self._note(f"{section}: " + INSTEAD.get(section, "it has no counterpart"))

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)


def _with_provider(model: str, parameters: Parameters) -> str:
    provider = parameters.get("custom_llm_provider")
    return f"{provider}/{model}" if provider and not model.startswith(f"{provider}/") else model


def _table(parent: Parameters, name: str) -> Parameters:
    value = parent.get(name)
    return _named(value) if isinstance(value, dict) else {}


def _tables(parent: Parameters, name: str) -> list[Parameters]:
    value = parent.get(name)
    return [_named(each) for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _named(table: Mapping[Any, Any]) -> Parameters:
    """A table whose keys are texts: in YAML they may be numbers, dates and so on."""
    return {str(name): value for name, value in table.items()}


def _names(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


def _number(value: Any) -> float | None:
    """A number from 0 on; YAML reads `1e-6` as text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None


def _seconds(value: Any) -> float | int | None:
    seconds = _number(value)
    return int(seconds) if seconds and seconds.is_integer() else seconds or None
