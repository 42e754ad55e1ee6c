"""Random numbers: how often they are drawn, who shares a seed, and what is shuffled."""

from __future__ import annotations

from collections.abc import Iterator

from tf2migrate.verify.trace import Seeds, Shuffle, Trace
from tf2migrate.verify.verdict import Judgement, Point

LAST = 10**9  # the order of what is known only at the end


def judge_states(old: Trace, new: Trace) -> Iterator[Point]:
    """Python's and NumPy's generators end where they ended."""
    for name, digest in old.states.items():
        same = new.states.get(name) == digest
        detail = "" if same else f"{name}'s random numbers were drawn another number of times"
        yield Point(
            "state", f"{name} random", Judgement.EQUAL if same else Judgement.DIFFERENT, detail=detail, order=LAST
        )


def judge_draws(old: Trace, new: Trace) -> Iterator[Point]:
    """How often random numbers of each kind and shape were drawn.

    Initial values may be drawn once and assigned again, so of those only the first drawing has to be there.
    """
    for key in sorted(set(old.draws) | set(new.draws)):
        distinct, initial, fresh = old.draws.get(key, (0, 0, 0))
        there = sum(new.draws.get(key, (0, 0, 0))[1:])
        least, most = distinct + fresh, initial + fresh
        if least <= there <= most:
            yield Point("draws", key, Judgement.EQUAL, times=there, order=LAST)
        else:
            # initial values that only one side draws may be drawn in another shape (recurrent kernels are)
            counts = key.startswith("dropout") or bool(fresh) or (key in new.draws and key in old.draws)
            detail = f"{most} draws became {there}" + (
                ": numbers that were drawn afresh are drawn once" if 0 < there <= distinct + 1 < least else ""
            )
            yield Point("draws", key, Judgement.DIFFERENT, detail=detail, order=LAST, counts=counts)


def judge_seeds(old: Trace, new: Trace) -> Iterator[Point]:
    """Draws that would be different numbers and now share a seed; every draw is shared here, so no number shows it."""
    for key, theirs in new.seeds.items():
        mine = old.seeds.get(key, Seeds((), 0))
        distinct, initial, _ = old.draws.get(key, (0, 0, 0))
        most = max(1, initial / max(distinct, 1), *map(len, mine.same))  # what is initialized again is drawn again
        for sites in theirs.same:
            if mine.places > 1 and len(sites) > most:
                detail = f"drawn {len(sites)} times from one seed, and so the same numbers each time"
                yield Point("seeds", key, Judgement.DIFFERENT, None, sites[-1], detail=detail, order=LAST)
    if new.seeded > 1 and new.seeded > old.seeded and any(fresh for *_, fresh in old.draws.values()):
        detail = f"set {old.seeded} times before, {new.seeded} times now: the same numbers are drawn again"
        yield Point("seeds", "of all draws", Judgement.DIFFERENT, detail=detail, order=LAST)


def judge_shuffles(old: Trace, new: Trace) -> Iterator[Point]:
    """What was shuffled is; as it was, as far as both sides shuffle data sets."""
    if not old.shuffles:
        return
    places = [len({s.site for s in side.shuffles}) for side in (old, new)]
    if places[1] < places[0]:
        only = old.shuffles[0].site if places[0] == 1 else None
        yield Point("shuffles", "of data", Judgement.MISSING, only, order=LAST,
                    detail=f"{places[0]} shuffles became {places[1]}")  # fmt: skip
        return
    for mine, theirs in told_apart(old.shuffles, new.shuffles):
        yield Point("shuffles", "of data", Judgement.DIFFERENT, mine.site, theirs.site, order=LAST,
                    detail=change(mine, theirs))  # fmt: skip
        return
    yield Point("shuffles", "of data", Judgement.EQUAL, times=places[0], order=LAST)


def told_apart(old: list[Shuffle], new: list[Shuffle]) -> Iterator[tuple[Shuffle, Shuffle]]:
    """Shuffles of the new program that no shuffle of the old one is like, with the one they are most like."""
    for theirs in new:
        changes = [(change(mine, theirs), mine) for mine in old]
        if all(said for said, _ in changes):
            yield min(changes, key=lambda c: len(c[0]))[1], theirs


def change(old: Shuffle, new: Shuffle) -> str:
    """How two shuffles differ, in words."""
    said = []
    if old.anew != new.anew:
        said.append(
            "it was shuffled anew in each epoch, and is once" if old.anew else "it was shuffled once, and is anew"
        )
    if old.kind == new.kind:
        if None not in (old.buffer, new.buffer) and old.buffer != new.buffer:
            said.append(f"a buffer of {old.buffer} became one of {new.buffer}")
        if None not in (old.ranks, new.ranks) and old.ranks != new.ranks:
            said.append("what is shuffled has another form: batches, or rows")
    return "; ".join(said)
