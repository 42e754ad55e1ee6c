"""What became of every public name of TensorFlow 1.15, as pages for the site, from the tables in rules/renames/."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tf2migrate.records import records, tf1_symbols
from tf2migrate.symbols import Verdict, advice, verdict

WORDS = {
    Verdict.UNCHANGED: "as it was",
    Verdict.RENAMED: "another name",
    Verdict.ARGUMENTS: "other arguments",
    Verdict.LIFTING: "part of the graph",
    Verdict.REMOVED: "gone",
}


def pages() -> Mapping[str, str]:
    """The text of each page by its name: one for each module at the top, and an index."""
    modules: dict[str, list[str]] = {}
    for symbol in sorted(name for name in tf1_symbols() if not name.endswith(".")):
        parts = symbol.split(".")
        modules.setdefault(".".join(parts[:2]) if len(parts) > 2 else "tf", []).append(symbol)
    found = {f"{module}.md": _page(module, symbols) for module, symbols in modules.items()}
    return {"README.md": _index(modules), **found}


def _page(module: str, symbols: list[str]) -> str:
    same = [symbol for symbol in symbols if verdict(symbol) is Verdict.UNCHANGED]
    rows = [f"| `{s}` | {_word(s)} | {_told(s)} |" for s in symbols if verdict(s) is not Verdict.UNCHANGED]
    table = ["| name | it has | today |", "| --- | --- | --- |", *rows] if rows else []
    names = ", ".join(f"`{symbol}`" for symbol in same)
    left = ["", "## As it was", "", names] if same else []
    return "\n".join([f"# {module}", "", *table, *left, ""])


def _index(modules: Mapping[str, list[str]]) -> str:
    head = [
        "# Names of TensorFlow 1.15",
        "",
        "What became of each public name. *Another name*: only that. *Other arguments*: arguments, their defaults or",
        "the whole expression. *Part of the graph*: it goes, or is rewritten, with its graph. *Gone*:",
        "a person has to write something else.",
        "",
        "| module | " + " | ".join(WORDS.values()) + " |",
        "| --- |" + " ---: |" * len(WORDS),
    ]
    rows = []
    for module, symbols in sorted(modules.items()):
        counts = Counter(verdict(symbol) for symbol in symbols)
        rows.append(f"| [{module}]({module}.md) | " + " | ".join(str(counts[v]) for v in WORDS) + " |")
    return "\n".join([*head, *rows, ""])


def _word(symbol: str) -> str:
    found = verdict(symbol)
    return WORDS[found] if found else ""


def _told(symbol: str) -> str:
    record = records().get(symbol)
    if record is not None and not record.advice:
        return f"`{record.becomes}`" if record.becomes else "another expression"
    return advice(symbol).replace("|", "\\|")
