"""The pages of rules/, found in the wheel or beside the package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def rules_folder() -> Traversable:
    """The rules as shipped inside the wheel, or those beside the package in a checkout."""
    shipped = files(__package__) / "rules"
    return shipped if shipped.is_dir() else Path(__file__).parents[1] / "rules"


@cache
def pages() -> Mapping[str, Traversable]:
    """The page of each code; a page is a file such as `TFM204-dropout-keep-prob.md`."""
    found: dict[str, Traversable] = {}
    folders = [rules_folder()]
    while folders:
        for entry in folders.pop().iterdir():
            if entry.is_dir():
                folders.append(entry)
            elif entry.name.startswith("TFM") and entry.name.endswith(".md"):
                found[entry.name.partition("-")[0]] = entry
    return dict(sorted(found.items()))
