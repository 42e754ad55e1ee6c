"""The stage that lints: what is said, what is fixed, and what is left in peace."""

from __future__ import annotations

from pathlib import Path

from tf2migrate.config import Configuration
from tf2migrate.facts.program import Program
from tf2migrate.lint import RULES, lint
from tf2migrate.migrate import migrate
from tf2migrate.model import Options, Target
from tf2migrate.rulebook import pages
from tf2migrate.treat import treat

SAFE = "import tensorflow as tf\nx = tf.keras.Input(4)\n"
UNSAFE = "import tensorflow as tf\nlayer = tf.keras.layers.Dense(3, name='a/b')\n"


def codes(text: str, options: Options | None = None) -> list[str]:
    return [finding.code for finding in migrate(text, options).findings]


def test_a_safe_fix_is_made_and_an_unsafe_one_when_asked() -> None:
    assert migrate(SAFE).after == SAFE.replace("4", "(4,)")
    assert migrate(UNSAFE).after == UNSAFE
    assert migrate(UNSAFE, Options(unsafe_fixes=True)).after == UNSAFE.replace("a/b", "a_b")


def test_a_finding_says_whether_its_fix_is_unsafe() -> None:
    (safe,), (unsafe,) = migrate(SAFE).findings, migrate(UNSAFE).findings
    assert (safe.fixable, safe.unsafe) == (True, False)
    assert (unsafe.fixable, unsafe.unsafe) == (False, True)


def test_what_is_not_selected_is_not_fixed() -> None:
    assert migrate(SAFE, Options(ignore=("TFM529",))).after == SAFE
    assert migrate(SAFE, Options(select=("TFM501",))).findings == ()


def test_what_a_comment_covers_is_not_fixed() -> None:
    quiet = SAFE.replace("(4)", "(4)  # noqa: TFM529")
    assert (migrate(quiet).after, codes(quiet)) == (quiet, [])


def test_a_program_of_tensorflow_1_is_not_linted() -> None:
    assert "TFM529" not in codes("import tensorflow as tf\nx = tf.placeholder(tf.float32)\ny = tf.keras.Input(4)\n")


LOGS = "tf.compat.v1.logging.set_verbosity('ERROR')\n"


def test_a_program_without_sessions_that_has_names_of_compat_v1_is_linted_and_fixed_when_only_linted() -> None:
    text = SAFE.replace("x =", LOGS + "x =")
    outcome = migrate(text, Options(target=Target.LINT))
    assert {finding.code for finding in outcome.findings} == {"TFM199", "TFM529"}
    assert outcome.after == text.replace("4", "(4,)")
    (told,) = [finding for finding in migrate(text).findings if finding.code == "TFM529"]
    assert (told.fixable, told.unsafe) == (False, False)


def test_a_program_with_sessions_is_not_told_what_keras_3_has_otherwise() -> None:
    text = SAFE + LOGS + "sess = tf.compat.v1.Session()\n"
    assert "TFM529" not in codes(text, Options(target=Target.LINT)) + codes(text)


def test_fixes_that_make_room_for_each_other_are_all_made() -> None:
    before = "import tensorflow as tf\no = tf.keras.optimizers.legacy.Adam(lr=0.1)\nprint(o.lr)\n"
    after = "import tensorflow as tf\no = tf.keras.optimizers.Adam(learning_rate=0.1)\nprint(o.learning_rate)\n"
    assert migrate(before).after == after


def test_a_fix_that_would_span_cells_is_not_made() -> None:
    text = "import tensorflow as tf\nx = tf.keras.Input(4)\n"
    assert lint(Program(text, (text.index("4"),)), Options()).edits != ()
    long = "import tensorflow as tf\nl = tf.keras.losses.MeanSquaredError(name='a',\nreduction='auto')\n"
    assert lint(Program(long), Options()).edits != ()
    assert lint(Program(long, (long.index("reduction"),)), Options()).edits == ()


def test_the_summary_of_a_file_counts_what_is_hidden() -> None:
    result = treat("a.py", UNSAFE.encode(), Configuration({}).of(Path()))
    assert [shown.finding.unsafe for shown in result.found] == [True]


def test_every_code_of_a_rule_has_a_page_and_every_page_a_rule() -> None:
    told = [code for rule in RULES for code in rule.codes]
    assert sorted(told) == [page.code for page in pages().values() if page.folder == "lints"]
