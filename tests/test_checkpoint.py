"""Checkpoints of TensorFlow 1 in the rewritten program: which variable is which, and what is written."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from test_rules import NUMBER, differences

from tf2migrate.checkpoint.cli import checkpoint
from tf2migrate.checkpoint.layouts import CELLS
from tf2migrate.checkpoint.names import SUFFIX, Unpaired, pair
from tf2migrate.migrate import migrate
from tf2migrate.verify.sandbox import Server
from tf2migrate.verify.settings import Case, Settings

PROGRAMS = Path(__file__).parents[1] / "fixtures" / "checkpoints"
Json = Any


def seen() -> tuple[Json, Json]:
    """Two dense layers and two variables, with Adam, as both sides tell of them."""
    about = [("w", [2]), ("w_1", [2]), ("dense/kernel", [3, 4]), ("dense/bias", [4])]
    about += [("dense_1/kernel", [3, 4]), ("dense_1/bias", [4])]
    trained = [name for name, _ in about]
    slots = [[s, n, f"{n}/{end}"] for s, end in (("m", "Adam"), ("v", "Adam_1")) for n in trained]
    kept = [(name, dict(about)[of]) for _, of, name in slots] + [("beta1_power", []), ("beta2_power", [])]
    old = {
        "variables": [{"name": n, "shape": s, "dtype": "float32", "path": None} for n, s in about + kept],
        "layers": [{"kind": "Dense", "weights": [f"{n}/kernel", f"{n}/bias"], "forget": None} for n in trained[2::2]],
        "optimizers": [
            {"kind": "AdamOptimizer", "slots": slots, "single": {n: n for n in ("beta1_power", "beta2_power")}}
        ],
    }
    old["layers"] = [{"kind": "Dense", "weights": [f"{n}/kernel", f"{n}/bias"], "forget": None} for n in
                     ("dense", "dense_1")]  # fmt: skip
    places = ["a", "b", "one/_kernel", "one/bias", "two/_kernel", "two/bias"]
    variables = [{"keys": [p + SUFFIX], "order": i, "first": None} for i, p in enumerate(places)]
    shapes = {p + SUFFIX: [s, "float32"] for p, (_, s) in zip(places, about, strict=True)}
    for i in range(12):
        variables.append({"keys": [f"optimizer/_variables/{i}{SUFFIX}"], "order": -1, "first": None})
        shapes[variables[-1]["keys"][0]] = [about[i % 6][1], "float32"]
    for i in (12, 13):
        variables.append({"keys": [f"optimizer/_variables/{i}{SUFFIX}"], "order": -1, "first": 1.0})
        shapes[variables[-1]["keys"][0]] = [[], "float32"]
    lists = {"_momentums": [*range(6, 12)], "_velocities": [*range(12, 18)], "powers": [18, 19]}
    new = {
        "variables": variables,
        "shapes": shapes,
        "layers": [
            {"kind": "Dense", "weights": [[2, "kernel"], [3, "bias"]]},
            {"kind": "Dense", "weights": [[4, "kernel"], [5, "bias"]]},
        ],
        "optimizers": [{"kind": "Adam", "trained": [*range(6)], "lists": lists}],
    }
    return old, new


def paired(old: Json, new: Json, **given: str) -> dict[str, str]:
    return {entry.name: "+".join(entry.old) for entry in pair(old, new, given)}


def test_layers_and_variables_go_by_their_order_and_slots_by_what_they_are_of() -> None:
    found = paired(*seen())
    assert found["a"] == "w"
    assert found["two/_kernel"] == "dense_1/kernel"
    assert found["optimizer/_variables/5"] == "dense_1/bias/Adam"
    assert found["optimizer/_variables/6"] == "w/Adam_1"
    assert found["optimizer/_variables/13"] == "beta2_power"
    assert len(found) == len(seen()[0]["variables"])


def test_an_optimizer_that_trains_in_another_order() -> None:
    old, new = seen()
    new["optimizers"][0]["trained"] = [1, 0, 4, 5, 2, 3]
    found = paired(old, new)
    assert found["optimizer/_variables/0"] == "w_1/Adam"
    assert found["optimizer/_variables/2"] == "dense_1/kernel/Adam"


def test_names_that_both_programs_have_stand_above_the_order() -> None:
    old, new = seen()
    old["variables"][0]["path"], old["variables"][1]["path"] = "b", "a"
    assert (paired(old, new)["a"], paired(old, new)["b"]) == ("w_1", "w")


def test_what_the_user_says_stands_above_all() -> None:
    old, new = seen()
    old["variables"][0]["path"] = "a"
    assert paired(old, new, w="b")["a"] == "w_1"


def one_more(old: Json, new: Json) -> None:
    old["variables"].append({"name": "w_2", "shape": [2], "dtype": "float32", "path": None})


def another_shape(old: Json, new: Json) -> None:
    old["variables"][2]["shape"] = [4, 3]


def another_type(old: Json, new: Json) -> None:
    old["variables"][0]["dtype"] = "float64"


def a_layer_without_bias(old: Json, new: Json) -> None:
    old["layers"][0]["weights"].pop()
    del old["variables"][3]


def a_convolution(old: Json, new: Json) -> None:
    new["layers"][0]["kind"] = "Conv2D"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (one_more, r"saves 3 of the kind variable .*\(w, w_1, w_2\), and the new one 2 \(a, b\)"),
        (another_shape, r"dense/kernel is float32 of shape \[4, 3\], and one/_kernel, in its place, is"),
        (another_type, "w is float64"),
        (a_layer_without_bias, "one/_kernel has kernel, bias, and TensorFlow 1's dense/kernel"),
        (a_convolution, "saves 2 of the kind Dense"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(change: Callable[[Json, Json], None], said: str) -> None:
    old, new = copy.deepcopy(seen())
    change(old, new)
    with pytest.raises(Unpaired, match=said):
        pair(old, new, {})


@pytest.mark.parametrize("given", [{"nonesuch": "a"}, {"w": "nonesuch"}])
def test_a_name_that_is_not_there_is_told(given: dict[str, str]) -> None:
    with pytest.raises(Unpaired, match="saves no nonesuch"):
        pair(*seen(), given)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_the_kernels_of_cells_compute_the_same_in_the_order_of_keras() -> None:
    draw = np.random.RandomState(0)
    x, h, c = draw.randn(5, 3), draw.randn(5, 4), draw.randn(5, 4)
    kernel, bias = draw.randn(7, 16), draw.randn(16)
    i, j, f, o = np.split(np.concatenate([x, h], 1) @ kernel + bias, 4, axis=1)
    was = c * sigmoid(f + 0.5) + sigmoid(i) * np.tanh(j)
    about = {
        name: layout([3, 16] if name == "kernel" else [4, 16], 0.5) for name, (layout, _) in CELLS["LSTMCell"].items()
    }
    z = x @ about["kernel"]([kernel]) + h @ about["recurrent_kernel"]([kernel]) + about["bias"]([bias])
    ki, kf, kc, ko = np.split(z, 4, axis=1)
    assert np.allclose(was, sigmoid(kf) * c + sigmoid(ki) * np.tanh(kc))
    assert np.allclose(sigmoid(o), sigmoid(ko))
    assert np.array_equal(about["bias"].of_slot()([bias])[4:8], bias[8:12])


# -------------------------------------------------------------------- executed


@pytest.fixture(scope="module")
def sides() -> Iterator[dict[str, Server]]:
    made = {mode: Server(mode, Settings(shared_randomness=False, timeout=120)) for mode in ("old", "new")}
    yield made
    for server in made.values():
        server.close()


class Kept:
    """A running side that the command may use and does not end: TensorFlow is imported once."""

    def __init__(self, server: Server, settings: Settings) -> None:
        server.settings, self.run = settings, server.run

    def close(self) -> None:
        pass


def printed(server: Server, case: Case, word: str) -> tuple[str, dict[str, bytes]]:
    """What a program printed, and what it wrote."""
    server.settings = replace(server.settings, arguments=(word,))
    trace = server.run(case)
    assert trace.ok, trace.stderr
    return "".join(line.text for line in trace.prints), trace.files


@pytest.mark.tensorflow
@pytest.mark.parametrize("program", sorted(path.stem for path in PROGRAMS.glob("*.py")))
def test_the_rewritten_program_goes_on_where_the_old_one_stopped(
    program: str, sides: dict[str, Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow 1 trains, saves and goes on; the rewritten program restores what was converted, and goes on alike."""
    old = (PROGRAMS / f"{program}.py").read_text(encoding="utf-8")
    was, files = printed(sides["old"], Case(old, "train.py"), "train")
    for name, data in files.items():
        (tmp_path / "before" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "before" / name).write_bytes(data)
    source = tmp_path / "train.py"
    source.write_text(old, encoding="utf-8")
    monkeypatch.setattr("tf2migrate.checkpoint.look.Server", lambda mode, settings: Kept(sides[mode], settings))
    folders = [str(tmp_path / side / "model") for side in ("before", "after")]
    done = CliRunner().invoke(checkpoint, [*folders, "--program", str(source), "--arguments", "restore"])
    assert done.exit_code == 0, done.output
    assert "left out" not in done.stdout
    text = migrate(old).after
    assert text != old
    now, _ = printed(sides["new"], Case(text, "train.py", tmp_path / "after"), "restore")
    assert not differences(was, now)
    assert len(NUMBER.findall(was)) > 3


@pytest.mark.tensorflow
def test_by_hand_and_what_is_refused(tmp_path: Path) -> None:
    """A checkpoint that the new program wrote shows its form: nothing is run."""
    import tensorflow as tf

    one, other = tf.Variable([1.0, 2.0]), tf.Variable(3)
    like, old, new = str(tmp_path / "like"), str(tmp_path / "old"), str(tmp_path / "new")
    saved = tf.train.Checkpoint(weights={"a": one}, step=other)
    saved.write(like)
    held = [np.float32([5, 6]), np.int32(7)]
    tf.raw_ops.SaveV2(prefix=old, tensor_names=["Variable", "global_step"], shape_and_slices=["", ""], tensors=held)
    (tmp_path / "map.json").write_text(json.dumps({"Variable": "weights/a"}))

    def said(*arguments: str, code: int = 1) -> str:
        result = CliRunner().invoke(checkpoint, [old, *arguments])
        assert result.exit_code == code, result.output
        return str(result.output)

    told = said(new, "--like", like, "--map", str(tmp_path / "map.json"), "--map", "global_step=step", code=0)
    assert "2 variables written and read back" in told
    saved.read(new).assert_existing_objects_matched()
    assert one.numpy().tolist() == [5, 6]
    assert other.numpy() == 7
    assert "saves no there" in said(new, "--like", like, "--map", "Variable=there")
    assert "has no nonesuch" in said(new, "--like", like, "--map", "nonesuch=step")
    assert "int32 of shape [], where weights/a is" in said(new, "--like", like, "--map", "global_step=weights/a")
    assert "one checkpoint" in said(old, "--like", like, "--map", "global_step=step")
    assert "cannot be read" in str(CliRunner().invoke(checkpoint, [old + "x", new, "--like", like]).output)
    assert "already" in str(CliRunner().invoke(checkpoint, [like, new, "--like", like]).output)
    assert "give --program" in said(new, code=2)
    assert "neither OLD=NEW" in said(new, "--like", like, "--map", "nonesuch.json", code=2)
    assert "global_step: left out" in said(new, "--like", like, "--map", "Variable=weights/a", code=0)


@pytest.mark.tensorflow
def test_a_program_that_does_not_fit_is_told(
    sides: dict[str, Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setattr("tf2migrate.checkpoint.look.Server", lambda mode, settings: Kept(sides[mode], settings))

    old = str(tmp_path / "old")
    tf.raw_ops.SaveV2(prefix=old, tensor_names=["other"], shape_and_slices=[""], tensors=[np.float32([5, 6])])
    program = tmp_path / "train.py"
    cases = {
        "it is of another program": "saver = tf.train.Saver()\nwith tf.Session() as sess:\n"
        '    sess.run(tf.global_variables_initializer())\n    print(sess.run(w))\n    saver.save(sess, "m")\n',
        "makes no tf.train.Saver": "with tf.Session() as sess:\n"
        "    sess.run(tf.global_variables_initializer())\n    print(sess.run(w))\n",
        "is not rewritten": (PROGRAMS.parent / "refused" / "loop_saved" / "tf1.py").read_text(encoding="utf-8"),
    }
    for said, rest in cases.items():
        program.write_text(f"import tensorflow as tf\nw = tf.Variable(tf.zeros([2]), name='w')\n{rest}")
        result = CliRunner().invoke(checkpoint, [old, str(tmp_path / "new"), "--program", str(program)])
        assert result.exit_code == 1, result.output
        assert said in result.output
        assert not list(tmp_path.glob("new*"))
