"""Which lines of the new program stand for which runs of the old one."""

from __future__ import annotations

from conftest import case

from tf2migrate.verify.sourcemap import source_map


def text(old: str, new: str) -> list[tuple[str, str]]:
    """The map as pairs of lines' first texts."""
    before, after = old.split("\n"), new.split("\n")
    found = source_map(old, new).items()
    return sorted((before[a.first - 1].strip(), after[b.first - 1].strip()) for a, b in found)


def test_each_run_has_the_lines_that_replace_it() -> None:
    old, new = case("counter", "tf1").text, case("counter", "tf2").text
    assert text(old, new) == [
        ("print(sess.run(double), sess.run(total))", "print(double().numpy(), total.numpy())"),
        ("print(sess.run(total))", "print(total.numpy())"),
        ("sess.run(add)", "add(amount=1)"),
        ("sess.run(add, feed_dict={amount: number})", "add(amount=number)"),
    ]


def test_a_migrated_program_may_have_been_edited_since() -> None:
    old, new = case("counter", "tf1").text, case("counter", "tf2").text
    edited = new.replace("    add(amount=1)\n", "    number = 1\n    add(amount=number + 0)\n")
    assert ("sess.run(add)", "number = 1") in text(old, edited)


def test_what_was_written_by_hand_or_cannot_be_migrated_has_no_map() -> None:
    old = case("counter", "tf1").text
    assert not source_map(old, "import tensorflow as tf\nprint(1, 3, 6, 14)\n")
    assert not source_map("import tensorflow as tf\nwith tf.Session() as s:\n    s.run(unknown)\n", "pass\n")
    assert not source_map("def f(:", "pass\n")
