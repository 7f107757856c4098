"""Words beside a name in the margin, as wide as the terminal is."""

import re
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.text import Text

_BEFORE_A_UNIT: Final = re.compile(r"(?<=\d) (?=(?:ms|s|KiB|MB)\b)|(?<=--model) ")
_KEPT: Final = "\N{NO-BREAK SPACE}"
_NARROWEST: Final = 30


def show_beside(console: Console, name: Text, indent: int, paragraphs: Sequence[Text]) -> None:
    """Print `name`, and the paragraphs from column `indent` on, each in its own style. Lines break at spaces, but for
    one between a number and its unit."""
    width = max(console.width - indent, _NARROWEST)
    name.pad_right(max(indent - len(name), 1))
    for paragraph in paragraphs:
        for line in wrap(_BEFORE_A_UNIT.sub(_KEPT, paragraph.plain), width, break_on_hyphens=False):
            console.print(name + Text(line.replace(_KEPT, " "), style=paragraph.style), soft_wrap=True)
            name = Text(" " * indent)
