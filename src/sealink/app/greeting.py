"""What `sealink serve` prints once it listens: its address, the key, and one line to paste into a shell."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from sealink import __version__
from sealink.config import GENERATED_KEY, Config, ModelConfig
from sealink.config.environment import VARIABLES
from sealink.config.sections import KeyConfig
from sealink.policy.auth import may_use
from sealink.policy.routing import stars_of

_VARIABLE: Final = "SEALINK_API_KEY"


def greeting(config: Config, base_url: str, variables: Mapping[str, str] = VARIABLES) -> str:
    """Three lines. A key is shown only if it was generated; of one of the user's own its variable is shown, or a name
    for it where it is in none."""
    key, model = _usable(config)
    variable = next((name for name, value in variables.items() if value == key.key), "")
    notes = [] if variable or key.name == GENERATED_KEY else [f"its secret in ${_VARIABLE}"]
    notes += [] if model else ["the name of a model"]
    told = key.key if key.name == GENERATED_KEY else f"the one named {key.name!r}"
    header, target = _header(key, variable or _VARIABLE), _target(config, base_url)
    return "\n".join(
        [
            f"SeaLink {__version__} listens on {_address(config, base_url)}",
            f"key: {told}" + (f" (the line below needs {' and '.join(notes)})" if notes else ""),
            f"try: {_curl(target, header, model or 'MODEL', variables)}",
        ]
    )


def _address(config: Config, base_url: str) -> str:
    """A Unix socket's path is its address."""
    return f"unix:{config.server.unix_socket}" if config.server.unix_socket else base_url


def _target(config: Config, base_url: str) -> str:
    """What tells curl where to connect to."""
    url, path = shlex.quote(f"{base_url}/chat/completions"), config.server.unix_socket
    return f"--unix-socket {shlex.quote(path)} {url}" if path else url


def _usable(config: Config) -> tuple[KeyConfig, str]:
    """The first key, and the first model by name that it may use; "" where none is known."""
    for key in config.keys:
        for model in config.models:
            for name in _names_of(model, config):
                if may_use(key, name):
                    return key, name
    return config.keys[0], ""


def _names_of(model: ModelConfig, config: Config) -> Iterator[str]:
    """A model's name; of a pattern, the models of the first target's vendor that fit it."""
    if "*" not in model.id:
        yield model.id
        return
    vendor = next(each.known_vendor for each in config.providers if each.name == model.targets[0].provider)
    yield from (name for name in (vendor.models if vendor else ()) if stars_of(model.id, name) is not None)


def _header(key: KeyConfig, variable: str) -> str:
    if key.name == GENERATED_KEY:
        return shlex.quote(f"Authorization: Bearer {key.key}")
    return f'"Authorization: Bearer ${variable}"'


def _curl(target: str, authorization: str, model: str, variables: Mapping[str, str]) -> str:
    """A command for bash, zsh and sh. The brackets of an IPv6 address must be quoted: to a shell they are a pattern."""
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello!"}]})
    proxied = any(variables.get(name) for name in ("http_proxy", "all_proxy", "ALL_PROXY"))  # those that curl reads
    command = "curl -N --noproxy '*'" if proxied else "curl -N"
    content_type = "'Content-Type: application/json'"
    return f"{command} {target} -H {authorization} -H {content_type} -d {shlex.quote(body)}"
