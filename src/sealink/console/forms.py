"""What a form says, as the rules of a key or team. An empty field is one that is not set."""

from collections.abc import Callable
from typing import Any, Final

from sealink.console.signed_in import Form
from sealink.errors import InvalidRequest

Read = Callable[[str, str], object]


def _text(_: str, value: str) -> str:
    return value


def _list(_: str, value: str) -> list[str]:
    return [part for part in value.replace(",", " ").split() if part]


def _count(name: str, value: str) -> int:
    try:
        return int(value.replace(",", "").replace("_", ""))
    except ValueError:
        raise InvalidRequest(f"{value!r} is not a whole number.", code="invalid_value", param=name) from None


def _amount(name: str, value: str) -> float:
    try:
        return float(value.removeprefix("$").replace(",", ""))
    except ValueError:
        raise InvalidRequest(f"{value!r} is not an amount.", code="invalid_value", param=name) from None


TEAM_FIELDS: Final[dict[str, Read]] = {
    "requests_per_minute": _count,
    "tokens_per_minute": _count,
    "concurrent_streams": _count,
    "requests_per_day": _count,
    "budget_usd": _amount,
    "budget_period": _text,
}
KEY_FIELDS: Final[dict[str, Read]] = {
    **TEAM_FIELDS,
    "team": _text,
    "user": _text,
    "tags": _list,
    "models": _list,
    "endpoints": _list,
    "allowed_networks": _list,
    "expires": _text,
    "queue_s": _amount,
    "balance_usd": _amount,
    "on_disconnect": _text,
    "heartbeat": _text,
}
SWITCHES: Final = ("usage_extras", "advice", "stream_internally", "strict")
"""Check boxes of a key's form: a browser leaves out those that are not ticked."""


def rules_in(form: Form, fields: dict[str, Read], switches: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields that a form sets, None for those that it leaves empty. Raises InvalidRequest, naming the field."""
    found: dict[str, Any] = {}
    for name, read in fields.items():
        if name in form:
            value = form[name].strip()
            found[name] = read(name, value) if value else None
    return {**found, **{name: name in form for name in switches}}


def amount_in(form: Form, name: str) -> float:
    """An amount of dollars that must be given."""
    value = form.get(name, "").strip()
    if not value:
        raise InvalidRequest("An amount is missing.", code="invalid_value", param=name)
    return _amount(name, value)
