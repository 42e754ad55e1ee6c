"""Edits that are made one after the other, as those that do it at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tf2migrate.apply import apply, composed, fits
from tf2migrate.model import Edit, Span


@st.composite
def edits(draw: st.DrawFn, length: int) -> list[Edit]:
    """Edits of a text of this length that do not overlap."""
    ends = sorted(draw(st.lists(st.integers(0, length), max_size=6)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    found = [Edit(Span(start, end), draw(st.text("xyz", max_size=3))) for start, end in pairs]
    return found if fits(found) else []


@given(st.data())
def test_edits_at_once_do_what_they_do_one_after_the_other(data: st.DataObject) -> None:
    text = data.draw(st.text("abcdefgh", max_size=12))
    first = data.draw(edits(len(text)))
    between, _ = apply(text, first)
    second = data.draw(edits(len(between)))
    after, _ = apply(between, second)
    assert apply(text, composed(text, first, second))[0] == after
