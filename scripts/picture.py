"""Draws docs/report.svg, what the command prints of the bundled example: `python scripts/picture.py`."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "report.svg"
SHOWN = 4  # findings; the picture is to be small

_WIDTH, _LINE, _LETTER = 860, 20, 8.0
_COLOURS = {"$": "#7ee787", "help": "#8b949e", "Found": "#ffffff", "[*]": "#ffffff", "...": "#8b949e"}


def drawn() -> str:
    """The picture of a call on the bundled example, and of what it prints."""
    from tf2migrate.config import Configuration
    from tf2migrate.process import Job, Mode, process
    from tf2migrate.report import text

    os.chdir(ROOT / "fixtures" / "example")
    report = process(Job("train.py", Configuration({}).of(Path()), Mode.LIST))
    printed = text.render([report]).splitlines()
    lines = ["$ tf2migrate train.py", *printed[: 2 * SHOWN], "..." if len(printed) > 2 * SHOWN else ""]
    lines += text.summary([report]).splitlines()
    return svg([line for line in lines if line])


def svg(lines: list[str]) -> str:
    """Lines of text in a terminal's window."""
    height = _LINE * (len(lines) + 2)
    rows = [
        f'<text x="16" y="{_LINE * number + 34}" fill="{_colour(line)}" xml:space="preserve">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}">',
            '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
            f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{_LETTER * 1.65:.1f}">',
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _colour(line: str) -> str:
    return next((colour for start, colour in _COLOURS.items() if line.strip().startswith(start)), "#ffa657")


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
