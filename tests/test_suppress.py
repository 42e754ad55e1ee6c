"""Comments that ask the tool to be silent."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate
from tf2migrate.model import Options
from tf2migrate.suppress import Suppressions, noqa_codes, selected


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# noqa", frozenset()),
        ("#noqa:TFM101", {"TFM101"}),
        ("# NOQA : tfm101, E501 because", {"TFM101", "E501"}),
        ("# why  # noqa: TFM101 TFM102", {"TFM101", "TFM102"}),
        ("# noqa:", None),
        ("# noqa: because", None),
        ("# noqatic", None),
        ("# nothing", None),
    ],
)
def test_noqa_comments(comment: str, codes: frozenset[str] | None) -> None:
    assert noqa_codes(comment) == codes


def test_a_noqa_comment_covers_the_lines_of_its_statement() -> None:
    said = Suppressions.of(
        "x = f(  # one\n    1,\n)  # noqa: TFM101\ny = 1\n# noqa: TFM101\nz = '# noqa'\nclass A:  # noqa\n    b = 1\n"
    )
    assert [line for line in range(1, 9) if said.cover(line, "TFM101")] == [1, 2, 3, 5, 7]
    assert [line for line in range(1, 9) if said.cover(line, "TFM102")] == [7]


def test_a_file_is_skipped_for_a_comment_not_for_a_string() -> None:
    assert Suppressions.of("import a\n  # tf2migrate: skip-file (vendored)\n").skip_file
    assert not Suppressions.of("x = '# tf2migrate: skip-file'\n").skip_file
    assert Suppressions.of("# tf2migrate: skip-file\nx = (\n").skip_file


def test_a_longer_prefix_decides_and_ignore_wins_a_tie() -> None:
    assert selected("TFM101", Options())
    assert not selected("TFM101", Options(ignore=("TFM1",)))
    assert selected("TFM101", Options(select=("TFM101",), ignore=("TFM1",)))
    assert not selected("TFM101", Options(select=("TFM1",), ignore=("TFM1",)))
    assert not selected("TFM201", Options(select=("TFM1",)))


OLD = "import tensorflow as tf\nx = tf.log(1.0)\ny = tf.log(2.0)\n"


def test_a_line_that_stays_keeps_its_program_as_it_is() -> None:
    quiet = OLD.replace("(1.0)", "(1.0)  # noqa: TFM199")
    migration = migrate(quiet)
    assert migrate(OLD).changed
    assert not migration.changed
    assert {f.fixable for f in migration.findings} == {False}
    assert "TFM199 on line 2" in migration.findings[0].advice


def test_a_rewrite_that_is_selected_is_made_by_itself() -> None:
    text = "import tensorflow as tf\nn = tf.zeros([2, 3]).shape[0].value\nx = tf.log(1.0)\n"
    migration = migrate(text, Options(select=("TFM203",)))
    assert migration.after == text.replace(".value", "")
    assert [f.code for f in migration.findings if f.fixable] == ["TFM203"]


def test_some_rules_are_silent_until_they_are_selected() -> None:
    assert not selected("TFM601", Options())
    assert not selected("TFM010", Options(extend_select=("TFM6",)))
    assert selected("TFM601", Options(extend_select=("TFM6",)))
    assert selected("TFM601", Options(select=("TFM",)))
    assert not selected("TFM601", Options(extend_select=("TFM6",), ignore=("TFM601",)))


def test_what_is_selected_in_addition_leaves_the_rest() -> None:
    options = Options(select=("TFM5",), extend_select=("TFM301",))
    assert [selected(code, options) for code in ("TFM501", "TFM301", "TFM302")] == [True, True, False]


def test_what_never_counts_in_a_file_is_not_selected_by_a_longer_prefix() -> None:
    assert not selected("TFM501", Options(select=("TFM501",), never=("TFM5",)))
