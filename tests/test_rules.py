"""The book is executed: every example of every page, its text, its findings and what both sides compute."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest

from tf2migrate.migrate import STAGES, migrate
from tf2migrate.model import Migration, Options, Target
from tf2migrate.rewrites import rewrite
from tf2migrate.rulebook import Example, Page, pages
from tf2migrate.suppress import ASKED_FOR
from tf2migrate.verify.printed import last_place

SIDES = Path(__file__).with_name("sides.py")
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")


def examples() -> list[tuple[str, Page, Example]]:
    """Every example with a name."""
    return [
        (f"{page.code}-{page.slug}-{number}", page, example)
        for page in pages().values()
        for number, example in enumerate(page.examples(), 1)
    ]


EVERY = [pytest.param(page, example, id=name) for name, page, example in examples()]


@cache  # several tests ask it of the same example
def _migrated(text: str, options: Options, alone: bool) -> Migration:
    return migrate(text, options, stages=(rewrite,) if alone else STAGES)


def migrated(page: Page, text: str) -> Migration:
    """A program as the page's own stage leaves it: a rewrite's alone, whatever else the example may need.

    The fix of a lint is unsafe where its page says close, and some rules are silent until they are asked for.
    """
    asked = (page.code,) if page.code.startswith(ASKED_FOR) else ()
    target = Target.COMPAT if page.folder == "compat" else Target.NATIVE
    options = Options(target, asked, unsafe_fixes=page.folder == "lints" and page.metadata.safety == "close")
    return _migrated(text, options, page.folder == "rewrites")


@pytest.mark.parametrize(("page", "example"), EVERY)
def test_before_becomes_after(page: Page, example: Example) -> None:
    assert migrated(page, example.before).after == example.after


@pytest.mark.parametrize(("page", "example"), EVERY)
def test_a_second_run_changes_nothing(page: Page, example: Example) -> None:
    assert migrated(page, example.after).after == example.after


@pytest.mark.parametrize(("page", "example"), EVERY)
def test_what_is_left_to_say_is_marked(page: Page, example: Example) -> None:
    left = migrated(page, example.after).findings
    assert [(finding.code, finding.line) for finding in left] == list(example.marks)


@pytest.mark.parametrize(("page", "example"), EVERY)
def test_a_page_shows_its_own_rule(page: Page, example: Example) -> None:
    """An example that is rewritten, or marked, has to do with the rule whose page it stands on."""
    if example.before != example.after:
        assert page.code in {finding.code for finding in migrated(page, example.before).findings if finding.fixable}
    elif example.marks:
        assert page.code in {code for code, _ in example.marks}


def outputs(side: str, programs: list[str]) -> list[str]:
    """What each program prints on one side; one process for all, and a folder for what they write."""
    with tempfile.TemporaryDirectory() as folder:
        return _outputs(side, programs, folder)


def _outputs(side: str, programs: list[str], folder: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(SIDES), side],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        | ({} if side == "new" else {"TF_USE_LEGACY_KERAS": "1"}),
    )
    printed: list[str] = json.loads(done.stdout)
    return printed


def differences(old: str, new: str) -> list[str]:
    """The lines that differ by more than rounding."""
    return [
        f"{a} | {b}"
        for a, b in zip_longest(old.splitlines(), new.splitlines(), fillvalue="(nothing)")
        if "".join(NUMBER.sub("#", a).split()) != "".join(NUMBER.sub("#", b).split())
        or not all(map(same_number, NUMBER.findall(a), NUMBER.findall(b)))
    ]


def same_number(old: str, new: str) -> bool:
    """Whether two printed numbers differ by rounding alone: another processor's sums end in other last places."""
    p, q = float(old), float(new)
    return math.isclose(p, q, rel_tol=1e-4, abs_tol=1e-6) or (
        "." in old + new and abs(p - q) <= min(1.01 * max(last_place(old), last_place(new)), 2e-3 * max(abs(p), abs(q)))
    )


@pytest.mark.tensorflow
def test_both_sides_compute_the_same() -> None:
    shown = [
        (name, example)
        for name, page, example in examples()
        if page.folder not in ("lints", "compat")
        and "print(" in example.before
        and example.before != example.after
        and not example.marks
    ]
    old = outputs("old", [example.before for _, example in shown])
    new = outputs("new", [example.after for _, example in shown])
    assert all(text and "Traceback" not in text for text in old), old
    assert {name: differences(*sides) for (name, _), *sides in zip(shown, old, new, strict=True)} == {
        name: [] for name, _ in shown
    }


@pytest.mark.tensorflow
def test_what_a_lint_says_happens() -> None:
    """The program of a fence that says so raises, or prints that; what a fix makes of it runs."""
    claims = [
        (f"{name} {side}", program, claim)
        for name, page, example in examples()
        if page.folder == "lints" and example.shows
        for side, program, claim in (
            ("before", example.before, example.shows),
            ("after", example.after if example.after != example.before else "", example.then),
        )
        if program
    ]
    printed = outputs("new", [program for _, program, _ in claims])
    assert {name: text for (name, _, claim), text in zip(claims, printed, strict=True) if not holds(claim, text)} == {}


def holds(claim: str, printed: str) -> bool:
    """Whether what a program printed (a failure as its traceback) is what a fence claims of it."""
    verb, _, what = claim.partition(" ")
    if verb == "raises":
        return re.search(rf"^([\w.]+\.)?{what or '[A-Z]'}", printed.partition("Traceback")[2], re.MULTILINE) is not None
    return "Traceback" not in printed and (not verb or printed.split() == what.split())
