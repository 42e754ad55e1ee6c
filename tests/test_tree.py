"""Trees are walked as the standard library walks them, contexts left out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tf2migrate.facts import tree

SOURCES = sorted(path for path in Path(ast.__file__).parent.glob("*.py") if path.stat().st_size < 100_000)[:60]
RARE = """
global g
async def f(a, /, b: int = 1, *c, d, e=2, **h) -> None:
    nonlocal n
    match a:
        case {"x": 1, **rest} | P(1, y=2) | [1, *more] | None as z:
            pass
    async with a as b, c: await {**b, 1: 2}
    return [x async for x in y if x] or (lambda *, k, l=1: k)(f"{a!r:>{b}}") @ b[1:2, ::3]
try:
    del x[0], y
except* E as e:
    raise A from e
else:
    assert x, 1
"""


@pytest.mark.parametrize("text", [RARE, *(path.read_text(encoding="utf-8") for path in SOURCES)])
def test_the_nodes_are_those_of_the_standard_library(text: str) -> None:
    module = ast.parse(text)
    expected = [node for node in ast.walk(module) if not isinstance(node, ast.expr_context)]
    assert tree.walk(module) == expected
    for node in expected:
        there = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
        assert tree.children(node) == there


def test_a_node_without_its_fields_has_no_children() -> None:
    assert tree.children(ast.Call.__new__(ast.Call)) == []  # Python 3.13 warns of a call without its fields
