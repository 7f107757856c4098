"""A function call whose arguments come in pieces (`streamFunctionCallArguments`), put together.

    {"functionCall": {"name": "f", "willContinue": true}}
    {"functionCall": {"partialArgs": [{"jsonPath": "$.city", "stringValue": "New ", "willContinue": true}],
                      "willContinue": true}}
    {"functionCall": {}}

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from sealink.wire.dialects.gemini_generate.views import FunctionCall, PartialArg
from sealink.wire.raw_json.fields import is_null

_STEP: Final = re.compile(r"""\.([^.\[]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
Path = tuple[str | int, ...]


class StreamedCall:
    """A call so far: its name and id, and its arguments by path, in the order in which they began."""

    def __init__(self, call: FunctionCall, signature: str) -> None:
        self.name = call.name or ""
        self.id = call.id
        self.signature = signature
        self._given = {} if is_null(call.args) else msgspec.json.decode(call.args or b"{}", type=dict[str, Any])
        self._values: dict[str, list[Any]] = {}

    def add(self, call: FunctionCall, signature: str) -> None:
        """The next piece."""
        self.signature = signature or self.signature
        for piece in call.partial_args or ():
            self._values.setdefault(piece.json_path, []).append(_value(piece))

    def arguments(self) -> str:
        """All arguments as JSON. Raises what msgspec raises if a path cannot be read."""
        root = self._given
        for path, pieces in self._values.items():
            texts = [piece for piece in pieces if isinstance(piece, str)]
            _put(root, _steps(path), "".join(texts) if texts else pieces[-1])
        return msgspec.json.encode(root).decode()


def _value(piece: PartialArg) -> Any:
    given = (piece.string_value, piece.number_value, piece.bool_value)
    return next((value for value in given if value is not None), None)


def _steps(path: str) -> Path:
    steps: list[str | int] = []
    place = 1 if path.startswith("$") else 0
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            raise msgspec.ValidationError(f"the path {path!r} of an argument cannot be read")
        name = next((each for each in (step[1], step[3], step[4]) if each is not None), "")
        steps.append(int(step[2]) if step[2] is not None else name)
        place = step.end()
    return tuple(steps)


def _put(root: dict[str, Any], steps: Sequence[str | int], value: Any) -> None:
    """Sets a value, and makes the objects and arrays on the way to it."""
    here: Any = root
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        inner = value if is_last else [] if isinstance(steps[number + 1], int) else {}
        if isinstance(step, int) and isinstance(here, list) and step <= len(here):
            if step == len(here):
                here.append(inner)
            elif is_last:
                here[step] = inner
        elif isinstance(step, str) and isinstance(here, dict):
            if is_last or here.get(step) is None:
                here[step] = inner
        else:
            raise msgspec.ValidationError("the paths of a call's arguments contradict each other")
        here = here[step]
