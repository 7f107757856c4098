"""Tables as CSV (RFC 4180), for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A line of names, and one for each row. What is None is empty."""
    text = io.StringIO()
    table = csv.DictWriter(text, columns)
    table.writeheader()
    table.writerows({name: _cell(row[name]) for name in columns} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Texts are whatever clients send: a spreadsheet must not take one for a formula
    (https://owasp.org/www-community/attacks/CSV_Injection)."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
