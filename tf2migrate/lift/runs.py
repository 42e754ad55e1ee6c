"""What a run is fed: a dict written in the call, or a name that holds one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift import feed_dicts
from tf2migrate.lift.feed_dicts import ADVICE
from tf2migrate.lift.symbols import SPARSE
from tf2migrate.lift.trace import Feed
from tf2migrate.lift.values import Placeholder, Python, Refused, Structure, Tensor, Unknown, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def read_feeds(interpreter: Interpreter, node: ast.expr | None) -> tuple[ast.expr | None, tuple[Feed, ...]]:
    """The feeds of a run; where one name holds the dict, that name too.

    Raises `Refused` when the keys cannot be seen.
    """
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None, ()
    value = interpreter.evaluate(node)
    if isinstance(value, Python) and value.known and value.literal is None:
        return None, ()
    if not isinstance(value, Structure) or value.kind != "dict" or value.rest is not None:
        why = feed_dicts.unseen(interpreter, node, value)
        raise Refused("TFM904", node, f"what is fed cannot be seen: {why}", ADVICE)
    if (each := feed_dicts.inline(node, value)) is not None:
        return None, each
    display = isinstance(node, ast.Dict) and None not in node.keys
    feeds = []
    for key, fed, written in value.items:
        sparse = isinstance(key, Placeholder) and interpreter.names.symbol(key.node.func) in SPARSE
        if sparse and isinstance(fed, Structure):
            message = "a sparse placeholder is fed a tuple"
            raise Refused("TFM904", node, message, "Feed a tf.SparseTensorValue(indices, values, dense_shape).")
        if isinstance(key, Unknown):
            raise Refused("TFM901", key.node, key.reason, "Rewrite this part by hand, then run the tool again.")
        if not isinstance(key, Placeholder | Tensor | Variable):
            raise Refused("TFM904", node, "a feed's key is no placeholder that the analysis knows", ADVICE)
        if display:
            assert written is not None
            feeds.append(Feed(key, written, held=False))
        else:
            feeds.append(Feed(key, node, held=True, optional=key in value.optional))
    return (None if display else node), tuple(feeds)
