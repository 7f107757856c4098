"""The options of commands that set the rules of a key or a team: one for each field of [[keys]] or [[teams]].

Their names stand here, and not only in access/keys.py, because importing that takes longer than all other commands.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

if TYPE_CHECKING:
    from sealink.access.keys import KeyRules, TeamRules

Rules = TypeVar("Rules", "KeyRules", "TeamRules")

NONE: Final = "none"
"""As a value: takes a setting away."""

LIMITS: Final = {
    "requests_per_minute": ("N", "Requests that may begin within 60 seconds."),
    "tokens_per_minute": ("N", "Tokens of prompts and answers within 60 seconds."),
    "concurrent_streams": ("N", "Streams that may be open at a time."),
    "requests_per_day": ("N", "Requests that may begin within 24 hours."),
    "budget_usd": ("X", "How much requests may cost in a budget period."),
    "budget_period": ("PERIOD", "day, week, month or total (the default)."),
}
TEAM_OPTIONS: Final = {**LIMITS, "metadata": ("NAME=TEXT,…", "Free text.")}
KEY_OPTIONS: Final = {
    "team": ("NAME", "The team whose limits apply too."),
    "user": ("TEXT", "Whose key it is: a label."),
    "tags": ("TEXT,…", "More labels."),
    "models": ("GLOB,…", "The models that it may use. Default: all."),
    "endpoints": ("GLOB,…", "The paths that it may use. Default: all."),
    "allowed_networks": ("CIDR,…", "Where requests may come from. Default: anywhere."),
    "expires": ("DATE", "Valid until 00:00 UTC of this day."),
    **TEAM_OPTIONS,
    "queue_s": ("SECONDS", "How long a request may wait until its limits let it in. Default: as the config says."),
    "balance_usd": ("X", "A prepaid balance."),
    "on_disconnect": ("POLICY", "cancel, drain or detach."),
    "heartbeat": ("SHAPE", "comment, chunk or off."),
    "log_content": (None, "Write down its prompts and answers."),
    "usage_extras": (None, "Tell the client the price of each answer."),
    "advice": (None, "Tell clients what would better be streamed, and what not."),
    "stream_internally": (None, "Ask providers for streams where whole answers are wanted."),
    "strict": (None, "Refuse parameters that a provider does not support."),
}


def takes_rules(options: Mapping[str, tuple[str | None, str]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each of these fields. The command gets those that are given as `given`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**values: Any) -> None:
            given = {name: values.pop(name) for name in options}
            command(**values, given={name: value for name, value in given.items() if value is not None})

        own = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [parameter for parameter in own if parameter.name != "given"]
        parameters += [_parameter(name, metavar, help) for name, (metavar, help) in options.items()]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def rules_of(kind: "type[Rules]", given: Mapping[str, str | bool]) -> "Rules":
    """The rules that the options say. Raises InvalidRequest, naming the field."""
    from sealink.access.changed_rules import changed

    return changed(kind, None, changes_of(kind, given))


def changes_of(kind: "type[KeyRules] | type[TeamRules]", given: Mapping[str, str | bool]) -> dict[str, object]:
    """The values of the options, read by the types of the fields; `none` is None."""
    from typing import get_type_hints

    types = get_type_hints(kind, include_extras=True)
    return {name: _value(name, value, types[name]) for name, value in given.items()}


def _parameter(name: str, metavar: str | None, help: str) -> inspect.Parameter:
    flag = f"--{name.replace('_', '-')}"
    if metavar is None:
        flags = f"{flag}/--no-{flag.removeprefix('--')}"
        annotation: Any = Annotated[bool | None, typer.Option(flags, help=help)]
    else:
        annotation = Annotated[str | None, typer.Option(flag, metavar=metavar, help=help)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _value(name: str, text: str | bool, kind: Any) -> object:
    from msgspec import ValidationError, convert

    if isinstance(text, bool):
        return text
    if text == NONE:
        return None
    flag = f"--{name.replace('_', '-')}"
    if kind == tuple[str, ...]:
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind == dict[str, str]:
        return _pairs(text, flag)
    try:
        return convert(text, kind, strict=False)
    except ValidationError as error:
        raise typer.BadParameter(str(error), param_hint=flag) from error


def _pairs(text: str, flag: str) -> dict[str, str]:
    pairs = dict[str, str]()
    for part in text.split(","):
        name, separator, value = part.partition("=")
        if not separator:
            raise typer.BadParameter(f"{part!r} is not NAME=TEXT", param_hint=flag)
        pairs[name.strip()] = value.strip()
    return pairs
