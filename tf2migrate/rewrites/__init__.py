"""Patterns that are more than another name: one module per family, one function per page of rules/rewrites/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tf2migrate.facts.program import Program
from tf2migrate.model import Options, Outcome
from tf2migrate.rewrites.dimensions import dimension_value
from tf2migrate.rewrites.hparams import hparams
from tf2migrate.rewrites.mnist import mnist_input_data
from tf2migrate.rewrites.resizes import resize_images
from tf2migrate.rewrites.sessions import session_config
from tf2migrate.rewrites.written_out import distributions, sequence_losses, vocabulary_processor
from tf2migrate.suppress import selected

#: Each rule by its code. They own different places of a program: their order says nothing.
RULES: Mapping[str, Callable[[Program, Options], Outcome]] = MappingProxyType(
    {
        "TFM201": mnist_input_data,
        "TFM202": hparams,
        "TFM203": dimension_value,
        "TFM204": session_config,
        "TFM205": resize_images,
        "TFM207": vocabulary_processor,
        "TFM208": distributions,
        "TFM209": sequence_losses,
    }
)


def rewrite(program: Program, options: Options) -> Outcome:
    """The stage: what every selected rule wants changed, and what it found."""
    outcomes = [rule(program, options) for code, rule in RULES.items() if selected(code, options)]
    return Outcome(
        tuple(edit for outcome in outcomes for edit in outcome.edits),
        tuple(finding for outcome in outcomes for finding in outcome.findings),
    )
