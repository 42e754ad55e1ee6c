"""Classes of one family of which a program uses one: each of the others is followed in its place.

class Model(object):
    def __init__(self):
        self.output = self.network(self.x)
    def network(self, x):
        raise NotImplementedError

class Linear(Model): …
class Deep(Model): …

model = Deep()

A class is followed once, as one object, and so are the methods that it inherits. The program is lifted with Deep alone,
and then with Linear in the place of Deep: what both say of what they share, and of all that is around them, must be
the same, and each says what becomes of its own methods. A method of Model that each of them overrides is followed in a
class that has it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from itertools import chain as together

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.building import builds
from tf2migrate.lift.class_variants import (
    PLAIN,
    Chain,
    Family,
    Home,
    Variant,
    asks_above,
    methods,
    span,
    text_of,
    variant,
)
from tf2migrate.lift.merged_classes import around, merged, with_own
from tf2migrate.lift.units import drivers
from tf2migrate.model import Edit, Finding, Outcome


def lifted(program: Program, alone: Callable[[Program], Outcome], done: frozenset[str] = frozenset()) -> Outcome:
    """What becomes of a program with all its classes, where `alone` says what does with one class of each family.

    The families of the classes `done` are of one class already.
    """
    family = next(_families(program, done), None)
    if family is None:
        return alone(program)
    known = done | {family.chains[0][-1].name}
    return _together(program, lambda other: lifted(other, alone, known), family)


def _families(program: Program, done: frozenset[str]) -> Iterator[Family]:
    """The families of which one class is used, and where there is more to follow than that one."""
    classes = {node.name: node for node in program.tree.body if isinstance(node, ast.ClassDef)}
    if len(classes) < sum(isinstance(node, ast.ClassDef) for node in program.tree.body):
        return
    chains = {node: _chain(classes, node) for node in classes.values()}
    families: dict[ast.ClassDef, list[ast.ClassDef]] = {}
    for node, chain in chains.items():
        families.setdefault(chain[-1], []).append(node)
    mentions = Counter(n.id for n in program.each(ast.Name))
    runs = drivers(program)
    for root, family in families.items():
        if root.name in done or len(chains[root]) > 1 or not {ast.unparse(b) for b in root.bases} <= {*PLAIN}:
            continue
        inside = Counter(n.id for node in family for n in walk(node) if isinstance(n, ast.Name))
        bases = {chains[node][1] for node in family if len(chains[node]) > 1}
        leaves = [node for node in family if node not in bases]
        used = [node for node in family if mentions[node.name] > inside[node.name]] or leaves[:1]
        others = [chains[node] for node in leaves if node not in used and _is_of_graph(program, chains[node], runs)]
        known = [chains[node] for node in used]
        apart = len(used) == 1 or "reuse" not in program.text.lower()
        more = others or len(used) > 1 or _overridden(program, known[0])
        if apart and more and all(_is_of_graph(program, chain, runs) for chain in known):
            yield Family((*known, *others), tuple(used))


def _chain(classes: dict[str, ast.ClassDef], node: ast.ClassDef) -> Chain:
    """A class of the module and those that it inherits from, if each inherits from one."""
    found = {node: None}
    while len(node.bases) == 1 and isinstance(base := node.bases[0], ast.Name):
        above = classes.get(base.id)
        if above is None or above in found:
            break
        node = above
        found[node] = None
    return tuple(found)


def _is_of_graph(program: Program, chain: Chain, runs: Container[ast.AST]) -> bool:
    return any(builds(program, node) or any(child in runs for child in node.body) for node in chain)


def _overridden(program: Program, chain: Chain) -> list[str]:
    """The methods that build something and in whose place there is another one of a class, not calling them."""
    return [
        name
        for at, node in enumerate(chain)
        for name, method in methods(node).items()
        if any(name in methods(below) for below in chain[:at]) and builds(program, method)
        if not any(asks_above(below, name) for below in chain[:at])
    ]


def _together(program: Program, alone: Callable[[Program], Outcome], family: Family) -> Outcome:
    """One program of what becomes of it with each of the classes."""
    variants: list[Variant] = []
    for chain in family.chains:
        found = variant(program, alone, chain, family)
        stops = [f for f in found.findings if f.code.startswith("TFM9")]
        if stops:
            advice = f"Nothing makes an object of {chain[0].name}: take it out, or make one."
            return Outcome((), tuple(stops if chain[0] in family.used else (replace(f, advice=advice) for f in stops)))
        variants.append(found)
    more = [_with_base_method(program, alone, family, name) for name in _overridden(program, family.chains[0])]
    edits = _joined(program, variants, [each for each in more if each is not None])
    if edits is None:
        named = ", ".join(chain[0].name for chain in family.chains)
        what = f"{named} would need different code in what they share"
        at = family.chains[0][-1]
        return Outcome((), (Finding(at.lineno, at.col_offset + 1, "TFM902", what, "Give each its own constructor."),))
    return Outcome(tuple(sorted(edits)), tuple(sorted({f for each in variants for f in each.findings})))


def _joined(program: Program, variants: Sequence[Variant], more: Sequence[Variant]) -> list[Edit] | None:
    """The edits of all; None where they are not of one program."""
    edits = around(variants)
    if edits is None:
        return None
    texts: dict[Home, str] = {}
    own: dict[ast.ClassDef, list[str]] = {}
    for home in dict.fromkeys(together.from_iterable(each.texts for each in variants)):
        known = [each for each in variants if home in each.texts]
        others = [each for each in more if home in each.texts]
        found = merged(home, [*known, *others]) if others else None
        found = merged(home, known) if found is None else found
        if found is None:
            return None
        texts[home] = found.text
        for leaf, added in found.own.items():
            own.setdefault(leaf, []).extend(added)
    for home, text in texts.items():
        text = with_own(text, own[home]) if isinstance(home, ast.ClassDef) and home in own else text
        if text != text_of(program, home, ()):
            edits.append(Edit(span(program, home), text))
    return edits


def _with_base_method(
    program: Program, alone: Callable[[Program], Outcome], family: Family, name: str
) -> Variant | None:
    """The program where the class has a method that it inherits, and not its own; None where that is not followed."""
    having = [node for node in family.chains[0] if name in methods(node)]
    taken = [methods(node)[name] for node in having[:-1]]
    found = variant(program, alone, family.chains[0], family, taken)
    stopped = any(f.code.startswith("TFM9") for f in found.findings)
    return None if stopped else replace(found, texts={having[-1]: found.texts[having[-1]]})


__all__ = ["lifted"]
