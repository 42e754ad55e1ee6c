"""One class of what becomes of it with each of the classes that inherit from it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tf2migrate.lift.class_variants import Home, Variant, asks_above, is_left_open, methods
from tf2migrate.model import Edit


def around(variants: Sequence[Variant]) -> list[Edit] | None:
    """What becomes of all that stands elsewhere; None where it is not the same, but for what is defined there."""
    made = [e for e in variants[0].edits if not _defines(e)]
    written: dict[str, Edit] = {}
    for each in variants:
        if [e for e in each.edits if not _defines(e)] != made:
            return None
        for edit in filter(_defines, each.edits):
            written[edit.text] = min(edit, written.get(edit.text, edit))
    names = [name for text in written for name in re.findall(r"^(?:class|def) (\w+)", text, re.MULTILINE)]
    return [*made, *written.values()] if len(set(names)) == len(names) else None


def _defines(edit: Edit) -> bool:
    """Whether an edit writes a function or class where nothing was."""
    return edit.span.start == edit.span.end and edit.text.lstrip("\n").startswith(("class ", "def "))


@dataclass(frozen=True)
class Merged:
    """What becomes of a class or function, and what classes have of their own now in the place of a method of it."""

    text: str
    own: dict[ast.ClassDef, list[str]]


def merged(home: Home, variants: Sequence[Variant]) -> Merged | None:
    """What becomes of a class that several have, or inherit from; None where they differ in what it is.

    Where they differ in a method of it, each that has no such method has its own then.
    """
    texts = [each.texts[home] for each in variants]
    if all(text == texts[0] for text in texts):
        return Merged(texts[0], {})
    if isinstance(home, ast.FunctionDef):
        return None
    parts = [_parts(text) for text in texts]
    found: dict[str, str] = {}
    own: dict[ast.ClassDef, list[str]] = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        new = name not in methods(home)
        known = [(v, p.get(name)) for v, p in zip(variants, parts, strict=True) if new or v.follows(home, name)]
        known = [(v, text) for v, text in known if text is not None or not new]
        if not known:
            found[name] = "" if _is_empty(home, name, variants) else parts[0].get(name, "")
        elif all(text == known[0][1] for _, text in known):
            found[name] = known[0][1] or ""
        elif not name.isidentifier() or any(v.taken or _has(v, home, name) or _asks_base(t) for v, t in known):
            return None
        else:
            for each, text in known:
                own.setdefault(each.chain[0], []).append(text or "")
    if own and found[""].count("\n") == 1:  # no more than the line that begins the class
        second = next((name for name in found if name and found[name]), "")
        found[second] = found[second].lstrip("\n")
    if not any(text.strip() for name, text in found.items() if name):
        found[" "] = "    pass\n"
    for text in own.pop(home, []):
        found[text] = text
    return Merged("".join(found.values()), own)


def _asks_base(text: str | None) -> bool:
    """Whether a method calls one of a base, which another class has another of."""
    return text is not None and "super(" in text and not text.lstrip().startswith("class ")


def _has(variant: Variant, home: ast.ClassDef, name: str) -> bool:
    """Whether a class that is, or inherits from, another has a method itself, or calls the other's."""
    below = variant.chain[: variant.chain.index(home)]
    return any(name in methods(node) or asks_above(node, name) for node in below)


def with_own(text: str, own: Sequence[str]) -> str:
    """A class with more methods, of which the constructor comes first."""
    first = [each for each in own if re.match(r"\s*def __init__\(", each)]
    header, *rest = _parts(text).values()
    added = [each for each in own if each not in first]
    return header + "\n".join(part.removeprefix("\n") for part in [*first, *rest, *added])


def _is_empty(home: Home, name: str, variants: Sequence[Variant]) -> bool:
    """Whether a method says only that others stand in its place, and these have all become something else."""
    method = methods(home).get(name) if isinstance(home, ast.ClassDef) else None
    if method is None or not is_left_open(method):
        return False
    texts = [text for each in variants for node, text in each.texts.items() if node is not home]
    return not any(re.search(rf"\.{name}\b|\bdef {name}\b", text) for text in texts)


def _parts(text: str) -> dict[str, str]:
    """The text of a class, taken apart by what it defines; what stands above a method goes with it."""
    lines = text.splitlines(keepends=True)
    found: dict[str, str] = {}
    body = ast.parse(text).body[0].body  # type: ignore[attr-defined]
    defined = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    starts = [min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1 for node in defined]
    found[""] = "".join(lines[: starts[0] if starts else len(lines)])
    at = starts[0] if starts else len(lines)
    for node in defined:
        found[node.name] = found.get(node.name, "") + "".join(lines[at : node.end_lineno])
        at = node.end_lineno or at
    if at < len(lines):
        found[" "] = "".join(lines[at:])
    return found
