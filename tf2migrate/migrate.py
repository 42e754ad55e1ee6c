"""The path of one program, one line per stage: read this first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from tf2migrate.apply import apply
from tf2migrate.blanklines import squeeze
from tf2migrate.compat import compat, needed
from tf2migrate.facts.era import is_eager, is_tf1, spells_tf1
from tf2migrate.facts.program import Program
from tf2migrate.imports import tidy
from tf2migrate.leftovers import leftovers, uncalled, within
from tf2migrate.lift import lift
from tf2migrate.lift.averaged_tensors import averaged_tensors
from tf2migrate.lift.bound_arguments import bound_arguments
from tf2migrate.lift.cell_devices import cell_devices
from tf2migrate.lift.chosen_layers import chosen_layers
from tf2migrate.lift.default_graph import default_graph
from tf2migrate.lift.estimator_canned import canned
from tf2migrate.lift.estimator_mode_names import mode_names
from tf2migrate.lift.estimators import estimators, unwrapped
from tf2migrate.lift.filled_summaries import filled_summaries
from tf2migrate.lift.graduated import graduated
from tf2migrate.lift.imported_graphs import imported_graphs
from tf2migrate.lift.listed_summaries import listed_summaries
from tf2migrate.lift.named_arguments import named_arguments
from tf2migrate.lift.optimize_loss import optimize_loss
from tf2migrate.lift.other_forms import other_forms
from tf2migrate.lift.own_cells import own_cells
from tf2migrate.lift.own_elements import own_elements
from tf2migrate.lift.properties import properties
from tf2migrate.lift.records import records
from tf2migrate.lift.repeated_layers import repeated_layers
from tf2migrate.lift.returned_parts import returned_parts
from tf2migrate.lift.scope_names import scope_names
from tf2migrate.lift.total_loss import total_loss
from tf2migrate.lift.written_apart import written_apart
from tf2migrate.lift.written_out import named_builders
from tf2migrate.lines import moved
from tf2migrate.lint import lint
from tf2migrate.lint.postcondition import fresh
from tf2migrate.model import Edit, Finding, Migration, Options, Outcome, Span, Target
from tf2migrate.noqa import deafened, mentions, unused
from tf2migrate.renames import old_calls, upgrade
from tf2migrate.rewrites import rewrite
from tf2migrate.rewrites.dimensions import dimension_value
from tf2migrate.selfcheck import undefined
from tf2migrate.suppress import ASKED_FOR, Suppressions, selected
from tf2migrate.unread import unread
from tf2migrate.wrappers import wrapped

#: The lints that say nothing that the migration would change.
_OF_TRACES = ("TFM30", "TFM31", "TFM32", "TFM33", "TFM34", "TFM35", "TFM36", "TFM37", "TFM42")

#: What the migration mends in any program: `.value` of a dimension.
_MENDED = "TFM405"

Stage = Callable[[Program, Options], Outcome]


def _is_old(program: Program, options: Options) -> bool:
    return options.tf1 or is_tf1(program.first)


def _tf1(stage: Stage, target: Target = Target.NATIVE) -> Stage:
    """A stage for programs that were written for TensorFlow 1, and are to become this; others pass through."""

    def run(program: Program, options: Options) -> Outcome:
        if options.target is not target or not _is_old(program, options):
            return Outcome()
        return stage(program, options)

    return run


def _tf2(stage: Stage) -> Stage:
    """A stage for programs that are of TensorFlow 2 already, or are only to be linted and run as such."""

    def run(program: Program, options: Options) -> Outcome:
        if not _is_old(program, options):
            return stage(program, options)
        linted = options.target is Target.LINT and not options.tf1 and is_eager(program.first)
        return stage(program, options) if linted else Outcome()

    return run


def _mixed(program: Program, options: Options) -> Outcome:
    """What is said of a program that has something of TensorFlow 1 as well: of what is traced, or of all where it runs
    eagerly."""
    if not _is_old(program, options):
        return Outcome()
    eager = not options.tf1 and is_eager(program.first)
    of_traces = any(word in program.text for word in ("tf.function", "GradientTape"))
    if not (eager or of_traces) or (eager and options.target is Target.LINT):
        return Outcome()
    found = lint(program, replace(options, unsafe_fixes=False)).findings
    said = (f for f in found if f.code.startswith(_OF_TRACES) or (eager and f.code != _MENDED))
    return Outcome((), tuple(replace(f, fixable=False, unsafe=False) for f in said))


def _placed(stage: Stage) -> Stage:
    """A stage whose findings stand where the program was as it came, not where earlier stages have moved it."""

    def run(program: Program, options: Options) -> Outcome:
        outcome = stage(program, options)
        return replace(outcome, findings=tuple(moved(outcome.findings, program.text, program.first.text)))

    return run


def _imports(program: Program, options: Options) -> Outcome:
    return tidy(program, program.first)


def _checked(program: Program, options: Options, brought: frozenset[str] = frozenset()) -> Outcome:
    """What is left of TensorFlow 1, or bound by nothing, keeps a program from being written; else all its uses went."""
    missed, before = leftovers(program), leftovers(program.first)
    places, messages = {(within(program, f.line), f.message) for f in missed}, {f.message for f in missed}
    named = [f for f in before if f.message in messages]
    stops = [f for f in named if (within(program.first, f.line), f.message) in places] or named
    stops = uncalled(program.first, stops or moved(missed, program.text, program.first.text))
    stops += moved(undefined(program, program.first, brought), program.text, program.first.text)
    if stops:
        return Outcome((), tuple(replace(f, code="TFM909" if f.code == "TFM909" else "TFM910") for f in stops))
    return Outcome((), tuple(replace(f, advice="It is rewritten by --fix.", fixable=True) for f in before))


def _bound(program: Program, options: Options) -> Outcome:
    """What a rewrite reads and nothing binds keeps a program from being written."""
    return Outcome((), tuple(moved(undefined(program, program.first), program.text, program.first.text)))


def _told(program: Program, options: Options) -> Outcome:
    """What is of TensorFlow 1 in a program that nobody wants migrated: every name, and the one idiom that is none."""
    sizes = () if is_eager(program.first) else dimension_value(program, options).findings  # lint tells of them there
    told = (*_uses(program), *sizes)
    return Outcome((), tuple(replace(f, fixable=False) if f.fixable else f for f in told))


def _noqas(program: Program, options: Options, others: Sequence[Stage] | None = None) -> Outcome:
    """Comments that silence nothing: nothing is said at their place when every rule may speak and no comment counts."""
    if not selected("TFM010", options) or not mentions(program.text):
        return Outcome()
    every = replace(options, select=("TFM",), extend_select=ASKED_FOR, ignore=(), never=(), strict=True, todo=False)
    if others is None:
        others = tuple(stage for stage in STAGES if stage is not _noqas)
    return unused(program, migrate(deafened(program.text), every, program.cuts, others).findings)


_LIFTING = _tf1(_placed(lift))
#: What only helps to lift a whole program: of several files, it is done when they are joined.
_OTHER_FORM = _tf1(other_forms)
_CHECK = _tf1(_checked)

#: The stages in their order. Facts are computed anew between them, which is what keeps them true. Lifting comes first:
#: it needs the graph as it was written. Renames come after, on whatever text is then there; the check comes last. A
#: program that was of TensorFlow 2 when it came is only linted; of one that has both, what is traced. Comments come
#: before all: lines stay lines there, and then a user's own rules, which may lead to what is TensorFlow's.
STAGES: tuple[Stage, ...] = (
    _noqas,
    _mixed,
    wrapped,
    _tf1(graduated),
    _tf1(default_graph),
    _tf1(cell_devices),
    _tf1(_placed(own_cells)),
    _tf1(canned),
    _tf1(mode_names),
    _tf1(_placed(estimators)),
    _tf1(written_apart),
    _tf1(averaged_tensors),
    _tf1(listed_summaries),
    _tf1(filled_summaries),
    _tf1(records),
    _tf1(repeated_layers),
    _tf1(chosen_layers),
    _tf1(total_loss),
    _tf1(bound_arguments),
    _tf1(imported_graphs),
    _tf1(named_builders),
    _tf1(own_elements),
    _tf1(scope_names),
    _tf1(optimize_loss),
    _tf1(properties),
    _tf1(returned_parts),
    _tf1(named_arguments),
    _OTHER_FORM,
    _LIFTING,
    _tf1(unwrapped),
    _tf1(_placed(rewrite)),
    _tf1(_placed(upgrade)),
    _tf1(unread),
    _tf1(_imports),
    _tf1(_placed(fresh)),
    _CHECK,
    _tf1(squeeze),
    _tf1(needed, Target.COMPAT),
    _tf1(_placed(compat), Target.COMPAT),
    _tf1(_bound, Target.COMPAT),
    _tf1(_told, Target.LINT),
    _tf2(lint),
)


def lifted(outcome: Outcome) -> tuple[Stage, ...]:
    """The stages for a program that is a part of a larger one, of which the lifting is known."""
    known = {_LIFTING: _placed(lambda *_: outcome), _CHECK: _tf1(partial(_checked, brought=outcome.brought))}
    others = tuple(known.get(stage, stage) for stage in STAGES if stage not in (_noqas, _OTHER_FORM))
    return (partial(_noqas, others=others), *others)


def before_lifting(text: str, options: Options, cuts: Sequence[int]) -> Program:
    """A program as it is when it is to be lifted."""
    made = _through(text, options, cuts, STAGES[STAGES.index(wrapped) : STAGES.index(_OTHER_FORM)])
    return Program(made.after, made.cuts)


#: The families whose findings stand for edits that belong together: a program gets all of them or none.
_TOGETHER = ("TFM1", "TFM2")


def migrate(
    text: str, options: Options | None = None, cuts: Sequence[int] = (), stages: Sequence[Stage] | None = None
) -> Migration:
    """A TF1 program (line ends ``\\n``) as TF2. Cuts are offsets, such as cell boundaries, to follow through the edits.

    A finding of the family TFM9 stops a program: it comes back as it was, with the reason, since half a migration
    computes something else. For the same reason a program stays in which one of the findings that belong together is
    not to be fixed, by `# noqa` or because its rule is not selected; selected rewrites are then made by themselves.
    Raises `SyntaxError` when the text is not Python 3.
    """
    options = options or Options()
    migration = _through(text, options, cuts, STAGES if stages is None else stages)
    said = Suppressions.of(text)
    together = [f for f in migration.findings if f.fixable and f.code.startswith(_TOGETHER)]
    kept = next((f for f in together if not said.let_pass(f, options)), None)
    if kept is None:
        return migration
    quiet = any(selected(f.code, options) and said.cover(f.line, f.code) for f in together)
    alone = Migration(text, text, (), tuple(cuts))
    if not quiet and options.target is Target.NATIVE:
        alone = _through(text, options, cuts, (_tf1(rewrite),))
    advice = f"It stays, because {kept.code} on line {kept.line} is not to be fixed, and the program is migrated whole."
    stay = [replace(f, fixable=False, advice=advice) for f in migration.findings if f.fixable]
    made = {(f.line, f.column, f.code) for f in alone.findings}
    stay = [f for f in stay if (f.line, f.column, f.code) not in made]
    return replace(alone, findings=tuple(sorted({*alone.findings, *migration.remaining, *stay})), whole=False)


def _through(text: str, options: Options, cuts: Sequence[int], stages: Sequence[Stage]) -> Migration:
    """A program as the stages leave it, one after the other."""
    program = Program(text, tuple(cuts))
    before = program
    findings: list[Finding] = []
    for stage in stages:
        outcome = stage(program, options)
        findings += outcome.findings
        if any(f.code.startswith("TFM9") for f in outcome.findings):
            stopped = _stopped(before, findings)
            marked, moved = apply(text, _todo(before, stopped) if options.todo else (), cuts)
            return Migration(text, marked, stopped, moved, whole=False)
        if outcome.edits:
            changed, moved = apply(program.text, outcome.edits, program.cuts)
            try:
                program = Program(changed, moved, before)
            except SyntaxError as problem:
                stopped = _stopped(before, [_broken(program, problem)])
                return Migration(text, text, stopped, tuple(cuts), whole=False)
    return Migration(text, program.text, tuple(sorted(set(findings))), program.cuts)


def _broken(program: Program, problem: SyntaxError) -> Finding:
    """A rule wrote what does not parse: its own defect, which must not reach the file."""
    line = min(problem.lineno or 1, len(program.lines) or 1)
    message = f"the rewritten program would not parse: {problem.msg} (its line {line})"
    return Finding(1, 1, "TFM909", message, "The program was left as it was. Please report it.")


def _todo(before: Program, findings: Sequence[Finding]) -> list[Edit]:
    """One comment above each place that stops the program, unless it stands there already."""
    edits: dict[int, Edit] = {}
    statements = [node for node in before.nodes if isinstance(node, ast.stmt)]
    for finding in findings:
        if not finding.code.startswith("TFM9"):
            continue
        around = [s for s in statements if s.lineno <= finding.line]
        line = max((s.lineno for s in around), default=1)
        mark = f"# TODO(tf2migrate {finding.code}): "
        above = before.lines[line - 2] if line > 1 else ""
        indent = before.lines[line - 1][: len(before.lines[line - 1]) - len(before.lines[line - 1].lstrip())]
        if not above.strip().startswith(mark):
            at = before.offset(line, 0)
            edits.setdefault(at, Edit(Span(at, at), f"{indent}{mark}{finding.message}\n"))
    return list(edits.values())


def _stopped(before: Program, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What stops a program, and every use in it of a name that is gone or called otherwise; nothing of it is fixed."""
    stops = [f for f in findings if not f.fixable]
    told = {(f.line, f.column) for f in stops}
    first = next(f for f in stops if f.code.startswith("TFM9"))
    advice = f"It stays until what stops the program (line {first.line}, {first.code}) is resolved."
    uses = [replace(f, advice=advice) for f in _uses(before) if (f.line, f.column) not in told]
    return tuple(sorted({*stops, *uses}))


def _uses(program: Program) -> Iterator[Finding]:
    """Every use of a name that is gone or is called otherwise today."""
    yield from leftovers(program)
    spelled = spells_tf1(program)
    for node, symbol in old_calls(program):
        if not spelled and not (program.names.raw(node.func) or "").startswith("tensorflow.compat.v1"):
            continue
        line, column = program.position(program.span(node).start)
        advice = "`tf2migrate --diff` shows what the program becomes, or what stands in the way."
        yield Finding(line, column, "TFM199", f"{symbol} is called otherwise today", advice)
