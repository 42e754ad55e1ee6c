"""The functions that the runs of a program become: names, parameters, what each returns, where it stands."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator

from tf2migrate.facts.marks import plain
from tf2migrate.facts.program import Program
from tf2migrate.facts.purity import may_act
from tf2migrate.facts.tree import walk
from tf2migrate.lift import (
    between_objects,
    builders,
    draws,
    fed_tensors,
    found_variables,
    given_runs,
    held_effects,
    kept_attributes,
    loop_starts,
    normalization,
    parts,
    passages,
    pipe_runs,
    printed_names,
    printed_shapes,
    saved_attributes,
    shared_parts,
    traced,
    visibility,
)
from tf2migrate.lift.absent import is_absent
from tf2migrate.lift.cells import ZeroState, kept_states
from tf2migrate.lift.datasets import Element, starts
from tf2migrate.lift.displayed import is_displayed
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.planned import Plan, Planned
from tf2migrate.lift.slices import STATE, Slice, backward_slice, changes, kind_of
from tf2migrate.lift.summaries import Summary
from tf2migrate.lift.trace import Definition, Fetch, Run, Statement, loops_in
from tf2migrate.lift.values import EACH, Effect, Handle, Placeholder, Refused, Unknown, Value, Variable, leaves


def make_plan(interpreter: Interpreter) -> Plan:
    """The functions of all runs. Raises `Refused`."""
    statements = [s for frame in interpreter.frames for s in frame.statements]
    loop_starts.move(interpreter)
    for statement in statements:
        for value in leaves(statement.value) if statement.value else []:
            if isinstance(value, Unknown):
                raise Refused("TFM901", value.node, value.reason, "Rewrite this part by hand, then run the tool again.")
    plan = Plan([], {}, {}, _taken(interpreter, statements), states=kept_states(interpreter))
    visibility.name_attributes(interpreter, plan)
    moving = (d for s in statements if s.moves for d in s.writes)
    plan.local = frozenset(d.name for d in moving if not isinstance(d.value, Effect))
    given = [d for s in statements for d in s.writes if isinstance(d.value, Placeholder | Element)]
    for definition in sorted(given, key=builders.is_alias):  # the names that it is made under first
        plan.bindings.setdefault(definition.value, []).append(definition)
        plan.parameter_names.setdefault(definition.value, definition.name)
    fed_tensors.name(interpreter, plan, statements)
    _check_sessions(interpreter, statements)
    _name_shared(interpreter, plan, statements)
    for definition in interpreter.shadowed:
        plan.taken.add(definition.name)
        _rename(interpreter, definition, plan)
    plan.drawn = draws.check(interpreter)
    _plan_pipes(interpreter, plan)
    by_key: dict[object, Planned] = {}
    printed_names.check(interpreter)
    changed, stores = traced.changes(interpreter), kept_attributes.stores(interpreter)
    asserts = [s for s in statements if isinstance(s.node, ast.Assert)]
    runs = sorted(interpreter.runs.values(), key=lambda r: r.node.lineno)
    for run in [*runs, *printed_shapes.runs(interpreter)]:
        for leaf in run.fetches.leaves():
            _check_fetch(interpreter.program, run, leaf)
        _plan_starts(interpreter, plan, run)
        found = backward_slice(run)
        if besides := normalization.besides(interpreter, run, found):
            found = backward_slice(run, besides)
        _check_feeds(run, found)
        _check_effects(run, found)
        held_effects.check(interpreter.program, found)
        fed_tensors.check(interpreter, run, found, plan)
        if not found.leaves or draws.only(run) is not None:
            continue
        draws.complete(found, {feed.key for feed in run.feeds})
        draws.name(plan, found)
        _check_names(interpreter, run, found, plan)
        _check_augmented(found)
        traced.check(interpreter, found, changed)
        kept_attributes.check(interpreter, found, stores, plan)
        between_objects.check(interpreter, found)
        plan.printing |= dict.fromkeys(traced.prints(interpreter, found), traced.PRINTED)
        _keep_apart(interpreter, found, plan)
        _join_asserts(asserts, found)
        key = _key(run, found)
        if given_runs.widen(interpreter, run, found):
            key = (key, frozenset(found.parameters))
        planned = by_key.get(key)
        if planned is not None and _is_apart(planned, run):
            key = (key, run.frame)
            planned = by_key.get(key)
        if planned is None:
            named = {_label(leaf.node) for leaf in found.leaves}
            planned = by_key[key] = Planned(found, plan.fresh(_name(found), named))
            _place(plan, planned, run)
            passages.check(interpreter, plan, planned, run)
            plan.functions.append(planned)
        planned.runs.append(run)
        plan.of_run[run] = planned
        wanted = wanted_leaves(interpreter, run)
        for at, leaf in enumerate(found.leaves):
            if leaf in wanted and planned.slice.leaves[at] not in planned.returned:
                planned.returned.append(planned.slice.leaves[at])
        if any(isinstance(e, Effect) and e.kind in STATE for s in found.statements for e in s.effects):
            _return_variables(run, planned)
    passages.join(plan)
    shared_parts.plan_sharing(interpreter, plan)
    saved_attributes.name(interpreter, plan)
    return plan


def _return_variables(run: Run, planned: Planned) -> None:
    """The variables that a run fetches besides are returned as they are when its function has changed state."""
    known = {ast.dump(leaf.node) for leaf in planned.returned}
    for leaf in run.fetches.leaves():
        if kind_of(leaf) == "variable" and (text := ast.dump(leaf.node)) not in known:
            known.add(text)
            planned.returned.append(leaf)


def _plan_starts(interpreter: Interpreter, plan: Plan, run: Run) -> None:
    """The functions of data sets that are made of what is fed or drawn when their iterators begin."""
    for start in [s for leaf in run.fetches.leaves() for s in starts(leaf.value)]:
        first = draws.first_run(run, start)
        if first is None:
            continue
        found = backward_slice(first)
        _check_names(interpreter, first, found, plan)
        planned = next((p for p in plan.functions if not p.traced and _key(first, p.slice) == _key(first, found)), None)
        if planned is None:
            planned = Planned(found, plan.fresh("make_dataset"), traced=False)
            planned.returned.append(found.leaves[0])
            _place(plan, planned, first)
            visibility.check(interpreter, planned, plan)
            plan.functions.append(planned)
        planned.runs.append(first)
        plan.begun[id(run.node), start] = first, planned


def _plan_pipes(interpreter: Interpreter, plan: Plan) -> None:
    """The functions that are mapped over the records of pipelines."""
    for pipe in pipe_runs.all_needed(interpreter, plan):
        run = pipe_runs.mapping(pipe)
        if run is None or pipe_runs.is_plain(pipe):
            continue
        found = backward_slice(run)
        found.parameters = pipe_runs.parameters(pipe, found)
        draws.name(plan, found)
        _check_names(interpreter, run, found, plan)
        planned = Planned(found, plan.fresh("parse"), traced=False)
        planned.returned += found.leaves
        planned.runs.append(run)
        _place(plan, planned, run)
        visibility.check(interpreter, planned, plan)
        plan.functions.append(planned)
        plan.mapped[pipe] = planned


def _check_fetch(program: Program, run: Run, leaf: Fetch) -> None:
    if isinstance(leaf.value, ZeroState) and any(feed.key is leaf.value for feed in run.feeds):
        raise Refused("TFM906", leaf.node, "a run fetches the state that it is fed", "Use what is fed.")
    for value in leaves(leaf.value):
        if isinstance(value, Unknown):
            raise Refused("TFM901", leaf.node, value.reason, "Rewrite this part by hand, then run the tool again.")
    inside = [e.node for e in leaf.statement.effects if isinstance(e, Effect) and e.kind == "compute_gradients"]
    if any(child is node for node in inside for child in walk(leaf.node)):
        what = "gradients are computed inside a fetch, each with its variable"
        raise Refused("TFM906", leaf.node, what, "Bind them to a name before the run.")
    if kind_of(leaf) in ("python", "handle") and not is_absent(program, leaf.node):
        raise Refused(
            "TFM906",
            leaf.node,
            f"what {ast.unparse(leaf.node)} fetches is not known",
            "Fetch tensors and ops by the names that the graph was built with.",
        )


def _check_effects(run: Run, found: Slice) -> None:
    """What a run is to change must be changed by a statement of its function."""
    done = {id(e) for s in found.statements for e in s.effects}
    for leaf in found.leaves:
        wanted = leaf.value.parts if isinstance(leaf.value, Effect) and leaf.value.kind == EACH else (leaf.value,)
        for value in wanted:
            if isinstance(value, Effect) and id(value) not in done:
                what = f"where {ast.unparse(leaf.node)} changes something cannot be seen"
                raise Refused("TFM901", leaf.node, what, "Build and run the graph in one function.")


def _name_shared(interpreter: Interpreter, plan: Plan, statements: list[Statement]) -> None:
    """A variable that is found again by its graph's name is read by Python's: one that nothing else is bound to."""
    fetched = [leaf.statement for run in interpreter.runs.values() for leaf in run.fetches.leaves()]
    wanted = {id(v) for s in [*statements, *fetched] for v in s.shared}
    inner = found_variables.local_names(interpreter)
    for definition in [d for s in statements for d in s.writes]:
        if id(definition.value) in wanted and definition.value not in plan.shared:
            if parts.holder_of(interpreter, definition.value) is not None:
                continue  # it is read of the object that makes it
            plan.shared[definition.value] = definition
            same = [d for s in statements for d in s.writes if d.name == definition.name and d.owner is None]
            other = any(d.value is not definition.value for d in same) or definition.name in inner
            if definition.owner is None and other:
                _rename(interpreter, definition, plan)
    found_variables.check(interpreter, plan)


def _check_sessions(interpreter: Interpreter, statements: list[Statement]) -> None:
    """Each session has variables of its own: two that take turns cannot share the ones that Python has."""
    for graph in {id(run.graph) for run in interpreter.runs.values()}:
        if not any(isinstance(m.value, Variable) for s in statements for m in s.made if id(s.graph) == graph):
            continue
        past: list[object] = []
        for _, at, session in sorted(_sessions(interpreter, graph), key=lambda each: each[0]):
            if past and past[-1] is session:
                continue
            if session in past:
                raise Refused(
                    "TFM908",
                    at,
                    "two sessions on one graph take turns, and each has variables of its own",
                    "Build the graph twice, or use the sessions one after the other.",
                )
            past.append(session)


def _sessions(interpreter: Interpreter, graph: int) -> Iterator[tuple[int, ast.Call, object]]:
    """The sessions of a graph as they are used: by runs, and by calls that give one to a function, which may run it."""
    graphs: dict[object, set[int]] = {}
    for run in interpreter.runs.values():
        graphs.setdefault(run.session, set()).add(id(run.graph))
        if id(run.graph) == graph:
            yield run.statement.order, run.node, run.session
    for calls in interpreter.given.values():
        for call, arguments in calls:
            for value in arguments.values():
                if not isinstance(value, Handle) or value.role != "session":
                    continue
                known = graphs.get(value, {id(value.of)} if value.of is not None else {graph})
                if graph in known:
                    yield from ((order, call, value) for order in interpreter.given_at[id(call)])


def _check_feeds(run: Run, found: Slice) -> None:
    """What a run is fed and does not need is left out; computing it must not have been for its effect."""
    for feed in run.feeds:
        if feed.key not in found.parameters and not feed.held and may_act(feed.node):
            raise Refused(
                "TFM905",
                feed.node,
                "this value is fed to a run that does not need it, and computing it may draw or read something",
                "Take it out of the feed, or compute it before, under a name.",
            )


def _check_names(interpreter: Interpreter, run: Run, found: Slice, plan: Plan) -> None:
    """A name that a function reads when it is traced must still mean what it meant when the graph was built.

    Where the program has bound it anew by the time of the run, the older binding gets a name of its own.
    """
    local = {d.name for s in found.statements for d in s.writes if d.owner is None}
    split = [loop for s in found.statements if (loop := interpreter.loops.get(id(s.node))) is not None]
    local |= {name for loop in split for name in loop.bound}
    sites: dict[str, set[tuple[int, str]]] = {}  # where each name that it closes over is bound
    today: dict[tuple[Definition, ...], set[tuple[int, str]]] = {}  # and where it is by the time of the run
    for closed in found.closed:
        if closed.owner is None:
            sites.setdefault(closed.name, set()).add(traced.bound(closed).site)
    for definition in sorted(found.closed, key=lambda d: d.statement.order):
        if definition.site in interpreter.frozen:
            raise Refused(
                "TFM903",
                definition.statement.node,
                f"{definition.name} is a variable's first value, and is drawn anew by a run too",
                "Draw twice, under two names.",
            )
        if definition.owner is not None:
            visibility.keep_attribute(interpreter, definition, plan)
            continue
        if any(loop.holds(definition.statement) for loop in split):
            continue
        seen = visibility.sees(run.frame, definition.statement.frame)
        env = run.env if seen else definition.statement.frame.env  # of a function that has ended by then
        bound = env.get(definition.name, ())
        if (now := today.get(bound)) is None:
            now = today[bound] = {traced.bound(d).site for d in bound}
        then = sites[definition.name]
        if not definition.statement.frame.unit or not ((now and now != then) or definition.name in local):
            continue
        if not (_is_mixed(interpreter, definition, found) and loop_starts.enter(plan, found, definition, local)):
            _rename(interpreter, definition, plan, found)
    named: dict[str, Value] = {}
    for value in found.parameters:
        if named.setdefault(plan.parameter_names.get(value, ""), value) is not value and value in plan.parameter_names:
            what = f"two placeholders that this run needs are called {plan.parameter_names[value]} where they are made"
            raise Refused("TFM907", run.node, what, "Give each a name of its own.")
        if plan.parameter_names.get(value, "").startswith("_"):
            what = "a function would have a parameter that begins with an underscore, which tf.function renames"
            raise Refused("TFM907", found.parameters[value].statement.node, what, "Give it another name.")
        if value not in plan.parameter_names:
            raise Refused(
                "TFM907",
                run.node,
                "a placeholder that this run needs has no name of its own",
                "Bind each placeholder to a name.",
            )


def _check_augmented(found: Slice) -> None:
    """An attribute that stands for a placeholder is none that a function could add to. Raises `Refused`."""
    for statement in found.statements:
        fed = {d.attribute for d in statement.reads if d.owner is not None and isinstance(d.value, Placeholder)}
        for node in walk(statement.node) if fed else ():
            match node:
                case ast.AugAssign(target=ast.Attribute(attr=attr) as target) if attr in fed:
                    what = f"{ast.unparse(target)} stands for a placeholder, and is added to"
                    raise Refused("TFM903", node, what, "Let it begin as tf.identity of the placeholder.")


def _keep_apart(interpreter: Interpreter, found: Slice, plan: Plan) -> None:
    """What an update reads is still what its name means behind all tensors, where updates stand. Raises `Refused`.

    Where the name is bound again between the two, the second binding gets a name of its own.
    """
    late = late_statements(found)
    after: dict[str, list[Definition]] = {}
    for definition in [d for s in found.statements if s not in late for d in s.writes if d.owner is None]:
        after.setdefault(definition.name, []).append(definition)
    inside = set(found.statements)
    readers = [(d, s) for s in late for d in s.reads if d.owner is None and d.statement in inside]
    for read, reader in sorted(readers, key=lambda pair: pair[0].statement.order):
        for definition in after.get(read.name, ()):
            again = definition.statement.order > reader.order
            looped = set(loops_in(definition.statement.blocks)) & set(loops_in(reader.blocks))
            again = again or (bool(looped) and definition.statement.order > read.statement.order)
            if again and definition.site != read.site:
                plan.taken.add(definition.name)
                _rename(interpreter, definition, plan)


def _rename(interpreter: Interpreter, definition: Definition, plan: Plan, found: Slice | None = None) -> None:
    if definition.site in plan.renamed:
        return
    mixed = _is_mixed(interpreter, definition, found)
    if mixed or not isinstance(definition.statement.node, ast.Assign) or isinstance(definition.value, Placeholder):
        raise Refused(
            "TFM903",
            definition.statement.node,
            f"{definition.name} is read while the graph is built, and is another value by the time of the run",
            "Give the second value a name of its own.",
        )
    # no word of the program: a function that binds that name for itself could not read this one
    plan.renamed[definition.site] = plan.numbered(definition.name, interpreter.program.words)


def _is_mixed(interpreter: Interpreter, definition: Definition, found: Slice | None = None) -> bool:
    """Whether a name is read where it may stand for another binding as well, or where it is bound anew."""
    if found is not None and any(loop_starts.augments(s, definition) for s in found.statements):
        return True
    return any(definition.site in sites and len(sites) > 1 for sites in interpreter.resolved.values())


def _join_asserts(asserts: list[Statement], found: Slice) -> None:
    """An assertion about the graph goes where all that it speaks of is."""
    inside = set(found.statements)
    for statement in asserts:
        if statement.moves and statement not in inside:
            staged = [d for d in statement.reads if d.staged]
            if all(d.statement in inside or d.value in found.parameters for d in staged):
                found.statements.append(statement)
    found.statements.sort(key=lambda s: s.order)


def _taken(interpreter: Interpreter, statements: Iterable[Statement]) -> set[str]:
    """The names that stay in use at the level where functions are written."""
    going = [s for s in statements if s.moves or builders.is_unpacked(s)]
    staged = {d.name for s in going for d in s.writes}
    gone = set(going)
    staying = {d.name for s in statements if s not in gone for d in s.writes}
    every = set(interpreter.program.words)
    if interpreter.instances:  # a function may become an attribute
        staged |= {d.name for s in statements for d in s.writes if d.staged and d.owner is not None}
        every |= {n.attr for n in interpreter.program.each(ast.Attribute)}
        staying |= {m for instance in interpreter.instances.values() for m in instance.of.methods}
    staying |= {name for n in interpreter.notes.values() for name in (n.definition.name, n.function)}
    kept = (every - (staged - staying)) | staying
    return kept | {plain(name) for name in kept} | interpreter.program.reserved | set(dir(builtins))


def _key(run: Run, found: Slice) -> object:
    shape = tuple(
        ("" if leaf.named and len(leaf.reads) == 1 else ast.dump(leaf.node), frozenset(leaf.reads))
        for leaf in found.leaves
    )
    given, inline = frozenset(found.parameters), {leaf.statement for leaf in found.leaves}
    return (
        shape,
        tuple(id(s) for s in found.statements if s not in inline),
        given if any(not isinstance(v, Placeholder) for v in given) else None,
    )


def _name(found: Slice) -> str:
    effects = [leaf for leaf in found.leaves if kind_of(leaf) in ("effect", "assigned")]
    if effects:
        leaf = effects[0]
        trains = any(isinstance(e, Effect) and e.kind in STATE[:2] for s in found.statements for e in s.effects)
        label = _label(leaf.node)
        if trains and not (label.startswith("train") and not label.endswith("_op")):
            suffix = re.search(r"_([A-Za-z]|gen\w*|dis\w*|actor|critic)$", label.removesuffix("_op"))
            return "train_step" + (suffix.group(0) if suffix else "")
        return label
    labels = [_label(leaf.node) for leaf in found.leaves]
    if len(labels) > 3:
        return f"compute_{labels[0]}_and_others"
    return "compute_" + "_and_".join(labels)


def _label(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Call(func=function):
            return _label(function)
        case ast.Attribute(attr=attr):
            return attr
        case ast.Subscript(slice=ast.Constant(value=str(key))) if key.isidentifier():
            return key
        case ast.Subscript(value=value):
            return _label(value)
    return "value"


def _place(plan: Plan, planned: Planned, run: Run) -> None:
    """After the last statement of the slice; before the run where its expression is all there is, out of its loops."""
    for part in planned.slice.statements:
        if not isinstance(part.node, ast.stmt) and part.frame is not run.frame and builders.returns(part.frame):
            # what a builder computes as it returns
            planned.anchor, planned.before, planned.frame = builders.return_of(part.frame), True, part.frame
            return
    inline = {leaf.statement for leaf in planned.slice.leaves}
    outside = [s for s in planned.slice.statements if s not in inline and s.order]
    outside = _without_merges(outside)
    standing = _innermost(outside) or [s for s in outside if s.frame is run.frame] or outside
    own = [s for s in planned.slice.statements if s in inline and not isinstance(s.node, ast.stmt)]
    local = {d for s in own for d in s.reads if d.statement.frame is run.frame and d.owner is None}
    if standing:
        last = standing[-1]
        elsewhere = last.frame is not run.frame
        held = not elsewhere or (visibility.owner(last.frame) is not None and not any(d.staged for d in local))
        reads = {d for s in own for d in s.reads if d.owner is not None or d in local}
        if (held or not own) and all(d.statement.order <= last.order for d in reads if not (elsewhere and d in local)):
            assert isinstance(last.node, ast.stmt)
            planned.anchor, planned.frame = last.node, last.frame
            return
    latest = max((d.statement.order for d in local), default=0)
    statement: ast.stmt | ast.expr = run.statement.node
    for block in run.blocks:
        if block in run.statement.blocks and block.lineno and plan.begins(run.frame, block) >= latest:
            statement = block
            break
    assert isinstance(statement, ast.stmt)
    planned.anchor, planned.before, planned.frame = statement, True, run.frame


def _without_merges(statements: list[Statement]) -> list[Statement]:
    """Statements without those that merge summaries, where an object trains: its function makes the dict of them."""
    others = [s for s in statements if not isinstance(s.value, Summary)]
    trains = [visibility.owner(s.frame) for s in others if any(isinstance(e, Effect) for e in s.effects)]
    owners = {visibility.owner(s.frame) for s in others}
    return others if len(owners) == 1 and trains and trains[0] is not None else statements


def _is_apart(planned: Planned, run: Run) -> bool:
    """Whether a function stands before a run in another function, which this run's cannot see."""
    assert planned.frame is not None
    return planned.before and not visibility.sees(run.frame, planned.frame)


def _innermost(statements: list[Statement]) -> list[Statement]:
    """The last of some statements, where only the frame that they stand in sees all that the others use."""
    frames = {s.frame for s in statements}
    inner = [f for f in frames if len(frames) > 1 and all(visibility.sees(f, other) for other in frames)]
    last = statements[-1:]
    return last if inner and last[0].frame is inner[0] and visibility.owner(inner[0]) is not None else []


def wanted_leaves(interpreter: Interpreter, run: Run) -> list[Fetch]:
    """The fetches of a run whose values the program looks at."""
    pairs = unpacked(run)
    every = list(run.fetches.leaves())
    statement = run.statement.node
    if isinstance(statement, ast.Expr) and statement.value is run.node and not is_shown(interpreter, run):
        return []
    if pairs is None:
        if run.fetches.kind == "one" and isinstance(statement, ast.Assign) and statement.value is run.node:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id not in interpreter.program.read:
                return [leaf for leaf in every if kind_of(leaf) not in ("effect", "assigned")]
        return [leaf for leaf in every if kind_of(leaf) != "effect"]
    read = interpreter.program.read
    return [
        leaf
        for target, leaf in pairs
        if kind_of(leaf) != "effect" and not (isinstance(target, ast.Name) and target.id not in read)
    ]


def is_shown(interpreter: Interpreter, run: Run) -> bool:
    """Whether a notebook shows what a run gives; beside updates, which have no value, nothing of it is kept."""
    effects = any(kind_of(leaf) in ("effect", "assigned", "init") for leaf in run.fetches.leaves())
    return not effects and is_displayed(interpreter.program, run.statement.node)


def is_unread(interpreter: Interpreter, run: Run) -> bool:
    """Whether the whole of what a run gives is bound to a name that nothing reads."""
    statement = run.statement.node
    if not isinstance(statement, ast.Assign) or statement.value is not run.node or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    return isinstance(target, ast.Name) and target.id not in interpreter.program.read


def unpacked(run: Run) -> list[tuple[ast.expr, Fetch]] | None:
    """Target and fetch by pairs, where the run's list is unpacked by the assignment that it stands in.

    Of `run([…])[:3]` and `run([…])[0]`, the pairs are those of what is taken.
    """
    statement = run.statement.node
    if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
        return None
    target = statement.targets[0]
    flat = [item for _, item in run.fetches.items if isinstance(item, Fetch)]
    if run.fetches.kind not in ("list", "tuple") or len(flat) != len(run.fetches.items):
        return None
    match statement.value:
        case ast.Subscript(value=held, slice=ast.Slice(None, ast.Constant(value=int(count)), None)) if count > 0:
            flat = flat[:count]
        case ast.Subscript(value=held, slice=ast.Constant(value=int(at))) if 0 <= at < len(flat):
            return [(target, flat[at])] if held is run.node and not isinstance(target, ast.Tuple | ast.List) else None
        case held:
            pass
    if held is not run.node:
        return None
    if not isinstance(target, ast.Tuple | ast.List) or len(target.elts) != len(flat):
        return None
    if any(isinstance(t, ast.Starred) for t in target.elts):
        return None
    return list(zip(target.elts, flat, strict=True))


def late_statements(found: Slice) -> set[Statement]:
    """The statements that change state, and those that must come after one of them."""
    late: set[Statement] = set()
    for statement in found.statements:
        after = bool(late) and (
            any(d.statement in late for d in statement.reads)
            or any(c in late or _has_late(c, late) for c in statement.controls)
        )
        if changes(statement) or after:
            late.add(statement)
    return late


def _has_late(control: Statement, late: set[Statement]) -> bool:
    return any(d.statement in late for d in control.reads) or any(
        isinstance(e, Effect) and e.kind in STATE for e in control.effects
    )


def needed_for(node_reads: Iterable[Definition], found: Slice) -> set[Statement]:
    """The statements of a slice behind some definitions."""
    inside = set(found.statements)
    needed: set[Statement] = set()
    todo = [d.statement for d in node_reads]
    while todo:
        statement = todo.pop()
        if statement in needed or statement not in inside:
            continue
        needed.add(statement)
        todo += [d.statement for d in statement.reads]
    return needed
