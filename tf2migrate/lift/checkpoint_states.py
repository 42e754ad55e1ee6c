"""Saves whose place is known only when they happen, in a program that asks for its latest checkpoint.

A `tf.train.CheckpointManager` has one folder and one name; elsewhere a function writes the checkpoint, and the file
`checkpoint` beside it as TensorFlow 1's Saver did (`python/training/checkpoint_management.py`,
`generate_checkpoint_state_proto`): what the path is relative to its folder, or the whole where it is absolute.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.layers import free_name

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_NAME = "write_latest"
_DEFINITION = '''def {name}(checkpoint, path):
    """Writes a checkpoint, and notes it as the latest one of its folder."""
    path = checkpoint.write(path)
    folder, name = os.path.split(path)
    latest = path if os.path.isabs(path) else name
    with {tf}.io.gfile.GFile(os.path.join(folder, "checkpoint"), "w") as state:
        state.write(f'model_checkpoint_path: "{{latest}}"\\nall_model_checkpoint_paths: "{{latest}}"\\n')
    return path'''

#: What asks which checkpoints there were before the latest.
_EARLIER = frozenset(
    ("all_model_checkpoint_paths", "last_checkpoints", "recover_last_checkpoints", "set_last_checkpoints")
)


def name(interpreter: Interpreter) -> str:
    """What the function is called, which nothing else in the program is."""
    program = interpreter.program
    defined = {f.name for f in program.each(ast.FunctionDef)} | {c.name for c in program.each(ast.ClassDef)}
    found = free_name(interpreter, _NAME)
    while found in defined:
        found += "_"
    return found


def definition(interpreter: Interpreter, tf: str) -> str:
    """The function that writes a checkpoint and says that it is the latest."""
    return _DEFINITION.format(tf=tf, name=name(interpreter))


def asks_for_earlier(program: Program) -> bool:
    """Whether a program reads which checkpoints there were before the latest, of which the function keeps no list."""
    return any(isinstance(n, ast.Attribute) and n.attr in _EARLIER for n in walk(program.tree))
