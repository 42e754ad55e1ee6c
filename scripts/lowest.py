"""Prints the lowest version that pyproject.toml allows of each direct dependency, as requirements for pip.

python scripts/lowest.py py2 server    # the dependencies, with those of two extras
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def lowest(project: dict[str, object], extras: list[str]) -> list[str]:
    """The requirements, each bound to its lower bound."""
    dependencies, optional = project["dependencies"], project["optional-dependencies"]
    assert isinstance(dependencies, list)
    assert isinstance(optional, dict)
    wanted = [*dependencies, *(each for extra in extras for each in optional[extra])]
    bounds = [re.fullmatch(r"([\w.-]+)>=([\w.]+)", each) for each in wanted]
    if None in bounds:
        raise ValueError(f"not every one has a lower bound: {wanted}")
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


if __name__ == "__main__":
    table = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    print("\n".join(lowest(table["project"], sys.argv[1:])))
