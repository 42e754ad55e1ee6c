"""Whether a program is written for TensorFlow 1."""

from __future__ import annotations

import ast
from functools import lru_cache

from tf2migrate.facts.names import canonical, is_internal
from tf2migrate.facts.program import Program
from tf2migrate.records import in_tf2, records, tf1_symbols, was_in_tf2

_V1 = ("tensorflow.compat.v1", "tensorflow.contrib", "tensorflow.examples", "input_data", "tf_slim")

#: What a fifth of all programs of TensorFlow 1 take from its own packages, and no other program has a use for.
_RESET = "tensorflow.python.framework.ops.reset_default_graph"

#: Methods that only TF1's datasets have: no name leads to them, and nothing else is called so.
GONE_METHODS = frozenset(
    {
        "filter_with_legacy_function",
        "make_initializable_iterator",
        "make_one_shot_iterator",
        "map_with_legacy_function",
    }
)


@lru_cache(maxsize=1)  # every stage asks it of the same program
def is_tf1(program: Program) -> bool:
    """Whether the program uses a name that TensorFlow 2 lacks, or one of compat.v1.

    Where it does not, the names that both have mean what they mean in TensorFlow 2, and are nobody's business.
    """
    if "tensorflow" not in program.text:
        return False
    star = False
    for node in program.names.imports:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names += [f"{node.module}.{a.name}" for a in node.names]
        if any(name.startswith(_V1) or _was_public(name) for name in names):
            return True
        star = star or "tensorflow.*" in names
    own = {symbol for use, symbol in program.uses if isinstance(getattr(use, "ctx", None), ast.Store)}
    for use, symbol in program.uses:
        if ".".join(symbol.split(".")[:2]) in own:
            continue  # tf.model = ... is the program's own
        raw = program.names.raw(use) or ""
        if raw.startswith(_V1) or (_gone(symbol) and not _is_private(raw)):
            return True
    suspects = [*program.each(ast.Call), *program.each(ast.Attribute), *(program.each(ast.Name) if star else ())]
    return any(_says_tf1(program, node, star) for node in suspects)


#: What a program of graphs and sessions says, whatever else it has of TensorFlow 2.
_OF_GRAPHS = (
    *("Session(", "placeholder", "disable_v2", "disable_eager", "get_default_graph", "as_default(", "set_session"),
    *("compat.v1 as", "compat import v1", "_initializer()", "get_variable(", "tf.app.", "tf.contrib", "estimator"),
)


@lru_cache(maxsize=1)  # several stages ask it of the same program
def is_eager(program: Program) -> bool:
    """Whether a program runs as TensorFlow 2's do, and has of TensorFlow 1 only what `tf.compat.v1` still has."""
    text = program.text
    return "compat.v1." in text and not any(word in text for word in _OF_GRAPHS) and not spells_tf1(program)


def spells_tf1(program: Program) -> bool:
    """Whether a name of TensorFlow 1 alone is written without compat.v1.

    Where none is, what both versions have and is not written with it either means what TensorFlow 2 makes of it.
    """
    gone = (program.names.raw(use) or "" for use, symbol in program.uses if symbol in tf1_symbols() and _gone(symbol))
    if any(not raw.startswith(_V1[0]) for raw in gone):
        return True
    calls = [c for c in program.each(ast.Call) if not (program.names.raw(c.func) or "").startswith(_V1[0])]
    suspects = [*calls, *program.each(ast.Attribute), *program.each(ast.Name)]
    star = "import *" in program.text
    return any(_says_tf1(program, node, star) for node in suspects)


def _says_tf1(program: Program, node: ast.AST, star: bool) -> bool:
    """Whether a node that is no symbol itself is one that TensorFlow 2 has no meaning for."""
    match node:
        case ast.Call(func=func, keywords=[_, *_]):
            symbol = program.names.symbol(func)
            return symbol is not None and not old_keywords(symbol).isdisjoint(k.arg for k in node.keywords)
        case ast.Attribute(attr=attr) if attr in GONE_METHODS:
            return program.names.symbol(node) is None
        case ast.Name(id=name) if star and program.names.symbol(node) is None:
            path = f"tf.{name}"
            return bool({path, path + "."} & tf1_symbols()) and not in_tf2(path)
    return False


def _was_public(path: str) -> bool:
    """Whether a path is imported that was TensorFlow 1's, and is none of TensorFlow 2's."""
    top = ".".join(canonical(path).split(".")[:2])
    known = bool({top, top + "."} & tf1_symbols()) and not path.endswith("*")
    return known and not _is_private(path) and _gone(canonical(path))


def _is_private(path: str) -> bool:
    """Whether a path leads into TensorFlow's own packages, where TensorFlow 1's names mostly are to this day."""
    return (path.startswith("tensorflow.python.") and path != _RESET) or is_internal(path)


def _gone(symbol: str) -> bool:
    """Whether a canonical name is one of TensorFlow's public names that no TensorFlow 2 has had."""
    public = symbol.startswith("tf.") and not symbol.startswith("tf.python.")
    return public and not (in_tf2(symbol) or was_in_tf2(symbol))


def old_keywords(symbol: str) -> frozenset[str]:
    """The arguments that a function of both versions took in TensorFlow 1 only."""
    record = records().get(symbol)
    if record is None or symbol.endswith("l2_normalize"):  # which still takes both of its names
        return frozenset()
    return frozenset((*record.rename, *record.drop, *record.convert))
