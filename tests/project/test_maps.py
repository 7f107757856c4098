"""A package's docstring is the map of its folder: where there is one, every file stands in it."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "sealink"
NOT_MAPPED = {"", "providers/vendors"}
"""The whole is mapped in ARCHITECTURE.md; the vendors are listed in providers/__init__.py (`FILES`)."""

MAPS = {
    folder.parent.relative_to(SOURCE).as_posix().removeprefix("."): ast.get_docstring(ast.parse(folder.read_text()))
    for folder in sorted(SOURCE.rglob("__init__.py"))
}


@pytest.mark.parametrize("package", [package for package, text in MAPS.items() if text and package not in NOT_MAPPED])
def test_every_file_stands_in_its_packages_map(package: str) -> None:
    files = {path.stem for path in (SOURCE / package).glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (SOURCE / package).glob("*/__init__.py")}
    assert not (files | folders) - set(re.findall(r"\w+", MAPS[package] or ""))
