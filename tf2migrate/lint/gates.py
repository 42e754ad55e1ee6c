"""What a program says somewhere that a group of rules speaks of: a look at the text spares most programs the rest."""

from __future__ import annotations

import re

_TRACES = re.compile(
    r"\.function\b|import function|def_function|\.(map|filter|flat_map|interleave|reduce|scan|take_while)\("
    r"|vectorized_map|def (call|train_step|test_step|predict_step|compute_loss)\("
)
_STATE = re.compile(r"Variable\(|apply_gradients|\.trainable_(variables|weights)|\.weights\b")
_SWITCHES = re.compile(r"run_functions_eagerly|run_eagerly|enable_debug_mode")
_NUMBER_AS_NAME = re.compile(r"\bname ?= ?(\d|True|False)")
_COMPUTED = re.compile(r"(\w+) = (?:tf\.|\w+ [-+*/])")
_ITEM_SET = re.compile(r"^\s*(\w+)\[[^\n]*\] [-+*/]?= ", re.MULTILINE)
_ITEM_TAKEN = re.compile(r"^\s*del (\w+)\[", re.MULTILINE)
_OLD = re.compile(
    r"optimizers\.\w|\.op\b|\.graph\b|\.value\b|\.eval\(|gradients\(|control_dependencies|tf\.group|Variable\(|\.add\("
    r"|\.as_default\(|in \w+(\.\w+)*\.(trainable_)?(variables|weights)\b"
    r"|lru_cache|functools.cache|apply_gradients|\{[\w.]+(: [^{}\n]*)? for |set\([\[(]"
)


def traces(text: str) -> bool:
    """Whether something may be traced."""
    return _TRACES.search(text) is not None or gives(text)


def gives(text: str) -> bool:
    """Whether Keras may be handed a function."""
    return "Lambda(" in text or (".compile(" in text and ("loss" in text or "metrics" in text))


def makes_state(text: str) -> bool:
    """Whether there may be variables, or what is traced."""
    return _STATE.search(text) is not None or traces(text)


def switches(text: str) -> bool:
    """Whether there may be a switch for debugging, or what is traced."""
    return _SWITCHES.search(text) is not None or traces(text)


def needs_values(text: str) -> bool:
    """Whether an item of a tensor may be set, or a number be a name, or something be traced."""
    if traces(text) or _NUMBER_AS_NAME.search(text) is not None:
        return True
    stored = set(_ITEM_SET.findall(text)) | set(_ITEM_TAKEN.findall(text))
    return bool(stored) and not stored.isdisjoint(_COMPUTED.findall(text))


def of_graphs(text: str) -> bool:
    """Whether there may be an idiom of graphs, or a tensor where Python wants a hash."""
    return _OLD.search(text) is not None


def of_patterns(text: str) -> bool:
    """Whether there may be one of the idioms of sessions that the guide to migration warns of."""
    return "tf.random" in text or ".append(" in text or text.count(".apply_gradients(") > 1


def records(text: str) -> bool:
    """Whether there is a tape."""
    return "GradientTape" in text


def always(text: str) -> bool:
    """For rules that speak of anything."""
    return True
