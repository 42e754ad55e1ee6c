"""Lints: what is legal Python and goes wrong under TensorFlow 2. `lint` is the stage, `RULES` all that it looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.lint import gates
from tf2migrate.lint.closures import closures
from tf2migrate.lint.control_flow import control_flow
from tf2migrate.lint.eager_only import eager_only
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground, ground_of
from tf2migrate.lint.guide_patterns import guide_patterns
from tf2migrate.lint.hygiene import hygiene
from tf2migrate.lint.keras3 import modernise
from tf2migrate.lint.old_idioms import old_idioms
from tf2migrate.lint.retracing import retracing
from tf2migrate.lint.side_effects import side_effects
from tf2migrate.lint.state import captured, created
from tf2migrate.lint.tape import tapes
from tf2migrate.model import Edit, Finding, Options, Outcome, Span
from tf2migrate.suppress import Suppressions, selected

#: How often a fix may make room for another: an import that moved, the name below it, the argument of the call.
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """Rules that look at the same places. `codes` are all that `check` may say of a program, given `Options.told`."""

    codes: tuple[str, ...]
    check: Callable[[Program, tuple[str, ...]], Iterator[Found]]


#: A code that no rule has: what a loop of the graph gives its first value may be read after it.
_FREE = (366,)


def _grounded(
    first: int, last: int, check: Callable[[Ground], Iterator[Found]], gate: Callable[[str], bool] = gates.traces
) -> Rule:
    """Rules with the first and the last of their codes, and the gate that a program's text has to pass."""

    def run(program: Program, told: tuple[str, ...]) -> Iterator[Found]:
        spoken = bool(told) or ("tensorflow" in program.text and gate(program.text))
        return check(ground_of(program, told)) if spoken else iter(())

    return Rule(tuple(f"TFM{code}" for code in range(first, last + 1) if code not in _FREE), run)


#: Every rule, in the order of the codes.
RULES: tuple[Rule, ...] = (
    _grounded(301, 310, side_effects),
    _grounded(311, 313, captured),
    _grounded(321, 327, created, gates.makes_state),
    _grounded(331, 339, retracing, gates.switches),
    _grounded(341, 350, eager_only, gates.needs_values),
    _grounded(361, 378, control_flow),
    _grounded(379, 382, closures),
    _grounded(401, 409, old_idioms, gates.of_graphs),
    _grounded(410, 412, guide_patterns, gates.of_patterns),
    _grounded(421, 427, tapes, gates.records),
    Rule(tuple(f"TFM{code}" for code in range(501, 533)), lambda program, _: modernise(program)),
    _grounded(601, 606, hygiene, gates.always),
)


def lint(program: Program, options: Options) -> Outcome:
    """What the rules say of a program of TensorFlow 2, and the edits of every fix that the options allow."""
    found = check(program, options)
    findings = tuple(_finding(program, each, options) for each in found)
    after = program
    for _ in range(_ROUNDS):
        edits = _edits(after, found, options)
        if not edits:
            break
        after = Program(*apply(after.text, edits, after.cuts), program.first)
        found = check(after, options)
    return Outcome(_difference(program, after), findings)


def check(program: Program, options: Options) -> list[Found]:
    """What is said, without what is not selected and what a comment asks not to say."""
    said = Suppressions.of(program.text)
    found: list[Found] = []
    for rule in RULES:
        if any(selected(code, options) for code in rule.codes):
            said_of = rule.check(program, options.told)
            found += (f for f in said_of if selected(f.code, options) and (f.sure or options.strict))
    return [f for f in found if not said.cover(f.node.lineno, f.code)]


def _fits(found: Found, options: Options) -> bool:
    """Whether a finding has a fix that the options allow."""
    return bool(found.edits) and (found.safe or options.unsafe_fixes)


def _finding(program: Program, found: Found, options: Options) -> Finding:
    span = program.span(found.node)
    (line, column), (end_line, end_column) = program.position(span.start), program.position(span.end)
    fixable = _fits(found, options)
    unsafe = bool(found.edits) and not found.safe
    return Finding(line, column, found.code, found.message, found.advice, fixable, end_line, end_column, unsafe)


def _edits(program: Program, found: Sequence[Found], options: Options) -> list[Edit]:
    """The edits of one round: each fix whole, the first of those that touch, and none across a cell's boundary."""
    edits: list[Edit] = []
    for each in found:
        new = [edit for edit in each.edits if edit not in edits] if _fits(each, options) else []
        if not any(_touch(edit.span, other.span) for edit in new for other in edits) and not any(
            edit.span.start < cut < edit.span.end for edit in new for cut in program.cuts
        ):
            edits += new
    return edits


def _touch(one: Span, other: Span) -> bool:
    """Whether two edits share a character, or insert at the same place."""
    return one == other or (one.start < other.end and other.start < one.end)


def _difference(before: Program, after: Program) -> tuple[Edit, ...]:
    """The lines that the rounds changed, as edits of the program that they began with; none spans a cut."""
    if before.text == after.text:
        return ()
    edits: list[Edit] = []
    old, new = [[0, *p.cuts, len(p.text)] for p in (before, after)]
    for i, j, k, m in zip(old, old[1:], new, new[1:], strict=False):
        one, other = before.text[i:j].splitlines(keepends=True), after.text[k:m].splitlines(keepends=True)
        for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
            if tag != "equal":
                start = i + sum(map(len, one[:a]))
                edits.append(Edit(Span(start, start + sum(map(len, one[a:b]))), "".join(other[c:d])))
    return tuple(edits)
