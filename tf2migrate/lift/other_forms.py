"""Programs that are lifted in another form, which computes the same: functions or shapes written out, for one.

Also names of the program's own that what is written must not find.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.lift import lift
from tf2migrate.lift.attribute_returns import attribute_returns
from tf2migrate.lift.branch_training import branch_training
from tf2migrate.lift.comprehensions import comprehensions
from tf2migrate.lift.dict_entries import dict_entries
from tf2migrate.lift.filled_choices import filled_choices
from tf2migrate.lift.handed_in import handed_in
from tf2migrate.lift.held_effects import ops_apart
from tf2migrate.lift.known_shapes import known_shapes
from tf2migrate.lift.local_attributes import local_attributes
from tf2migrate.lift.object_lists import object_lists
from tf2migrate.lift.one_by_one import one_by_one
from tf2migrate.lift.renamed_builtins import renamed_builtins
from tf2migrate.lift.returned_lists import returned_lists
from tf2migrate.lift.scoped_objects import scoped_objects
from tf2migrate.lift.static_methods import static_methods
from tf2migrate.lift.trained_apart import trained_apart
from tf2migrate.lift.tuple_builders import tuple_builders
from tf2migrate.lift.unrolled import unrolled
from tf2migrate.lift.untrained import listed
from tf2migrate.lift.written_out import methods_written_out, networks_written_out, written_out
from tf2migrate.model import Edit, Options, Outcome, Target

_CHANGES = (
    *(tuple_builders, renamed_builtins, known_shapes, written_out, handed_in),
    *(branch_training, networks_written_out, methods_written_out, scoped_objects, one_by_one, ops_apart, listed),
    *(comprehensions, returned_lists, unrolled, local_attributes, attribute_returns, object_lists, static_methods),
    *(trained_apart, dict_entries, filled_choices),
)

#: How many forms are tried: each is followed as a whole program. Five changes have so many.
_MOST = 31


def other_forms(program: Program, options: Options) -> Outcome:
    """The edits to a form of a program that is lifted; none where it is lifted as it is, or in no form."""
    if options.target is not Target.NATIVE or not _is_refused(program, options):
        return Outcome()
    forms = islice(_forms(program), _MOST)
    return Outcome(next((edits for edits in forms if not _is_refused(program.changed(edits), options)), ()))


def _forms(program: Program) -> Iterator[tuple[Edit, ...]]:
    """Each change by itself, then several together."""
    changes = [edits for change in _CHANGES if (edits := change(program))]
    for count in range(1, len(changes) + 1):
        for chosen in combinations(changes, count):
            edits = tuple(chain.from_iterable(chosen))
            if fits(edits, program.cuts):
                yield edits


def _is_refused(program: Program, options: Options) -> bool:
    return any(f.code.startswith("TFM9") for f in lift(program, options).findings)
