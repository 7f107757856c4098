"""Print the pins of all extras, for an image that has them: extras.py > LIST. To be installed beside run.txt.

They are taken from the list of the tests, which has every extra and what it needs, and says of each package for which
others it is there (`# via`).
"""

import re
import tomllib
from pathlib import Path

HERE = Path(__file__).parent


def pins(name: str) -> dict[str, str]:
    """Each package of a list, with the lines about it."""
    blocks = re.split(r"^(?=[\w.-]+==)", (HERE / name).read_text(), flags=re.MULTILINE)[1:]
    return {block.partition("==")[0]: block for block in blocks}


def with_dependencies(roots: set[str], listed: dict[str, str]) -> set[str]:
    """Packages, and all that are there for them."""
    needed: set[str] = set()
    found = roots
    while found:
        needed |= found
        found = {name for name, block in listed.items() if found & via(block)} - needed
    return needed


def via(block: str) -> set[str]:
    """What a package is there for."""
    return set(re.findall(r"^ +#(?: via)? +([\w.-]+)$", block, re.MULTILINE))


def main() -> None:
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    extras = {re.split(r"[^\w.-]", each)[0] for extra in project["optional-dependencies"].values() for each in extra}
    listed = pins("test.txt")
    for name in sorted(with_dependencies(extras, listed) - set(pins("run.txt"))):
        print(listed[name].rstrip())


if __name__ == "__main__":
    main()
