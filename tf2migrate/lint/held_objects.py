"""Objects of Python's that a program makes outside of traced code and asks something of there: loggers, files, bars."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from tf2migrate.lint.ground import Ground
from tf2migrate.lint.view import AnyFunction

_LOGGERS = re.compile(r"(logging\.getLogger|tf\.get_logger|absl\.logging\.get_absl_logger)")
_BARS = re.compile(r"tqdm(\.auto|\.notebook|\.std)?\.(tqdm|trange|tqdm_notebook)|tf\.keras\.utils\.Progbar")
_FILES = re.compile(
    r"builtins\.open|csv\.(writer|reader|DictWriter|DictReader)|tf\.io\.gfile\.GFile|io\.open|gzip\.open"
)
_RANDOM = re.compile(r"numpy\.random\.(default_rng|RandomState|Generator)|random\.(Random|SystemRandom)")

_OF_BARS = ("update", "set_description", "set_postfix", "write", "refresh", "add", "set_description_str")
_OF_FILES = ("write", "writelines", "writerow", "writerows", "read", "readline", "readlines", "flush")

#: What is asked of a generator of random numbers besides numbers.
_NO_DRAWS = frozenset(("seed", "spawn", "get_state", "set_state", "getstate", "setstate"))


def made_by(ground: Ground, owner: ast.expr, function: AnyFunction, makes: Callable[[str], object]) -> bool:
    """Whether an object of outside, by its name or as an attribute of self, is what certain functions make."""
    if isinstance(owner, ast.Name):
        if not ground.is_free(owner, function):
            return False
        made = [_called(b.node) for b in ground.view.scopes.bindings(owner)]
    elif isinstance(owner, ast.Attribute):
        cls = ground.view.kinds.method_class(owner.value)
        bindings = ground.view.scopes.attributes.get((id(cls), owner.attr), []) if cls is not None else []
        inside = [ground.traced.of(b.node) for b in bindings]
        made = [_called(b.node) for b in bindings] if not any(inside) else []
    else:
        return False
    return bool(made) and all(m is not None and makes(ground.symbol(m)) for m in made)


def _called(node: ast.AST) -> ast.expr | None:
    call = node.context_expr if isinstance(node, ast.withitem) else node
    return call.func if isinstance(call, ast.Call) else None


def is_logger(ground: Ground, owner: ast.expr, function: AnyFunction) -> bool:
    """Whether an expression is a logger."""
    if isinstance(owner, ast.Call):
        return _LOGGERS.fullmatch(ground.symbol(owner.func)) is not None
    return made_by(ground, owner, function, _LOGGERS.fullmatch)


def is_shown(ground: Ground, called: ast.Attribute, function: AnyFunction) -> bool:
    """Whether a call moves a progress bar of outside."""
    return called.attr in _OF_BARS and made_by(ground, called.value, function, _BARS.fullmatch)


def is_of_file(ground: Ground, called: ast.Attribute, function: AnyFunction) -> bool:
    """Whether a call reads from or writes to a file that was opened outside."""
    return called.attr in _OF_FILES and made_by(ground, called.value, function, _FILES.fullmatch)


def draws(ground: Ground, called: ast.Attribute, function: AnyFunction) -> bool:
    """Whether a method is one of a generator of random numbers, of Python's or NumPy's, that was made outside."""
    return called.attr not in _NO_DRAWS and made_by(ground, called.value, function, _RANDOM.fullmatch)
