"""Files that import each other: what they become together, and that none of them changes where one cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_rules import differences, outputs

from tf2migrate.config import Configuration
from tf2migrate.packages.treatment import File, treat_together
from tf2migrate.report import Result

PACKAGES = sorted((Path(__file__).parents[1] / "fixtures" / "packages").iterdir())
#: The files of the packages that are run.
DRIVERS = ("train.py", "evaluate.py", "run.py")
SETTINGS = Configuration({}).of(Path())

MODEL = """import tensorflow as tf


def layer(x, size):
    w = tf.get_variable("w", [2, size], initializer=tf.constant_initializer(0.5))
    return tf.matmul(x, w)
"""
DRIVER = """import tensorflow as tf
import model

x = tf.placeholder(tf.float32, [None, 2])
y = model.layer(x, 3)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, feed_dict={x: [[1.0, 2.0]]}))
"""


def treated(**texts: str) -> dict[str, Result]:
    """What becomes of files, by their names without `.py`."""
    files = [File(f"{name}.py", text.encode(), SETTINGS) for name, text in texts.items()]
    return dict(zip(texts, treat_together(files), strict=True))


def refusals(result: Result) -> list[str]:
    return [
        f"{s.finding.line}: {s.finding.code} {s.finding.message}" for s in result.remaining if "TFM9" in s.finding.code
    ]


def read(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.py"))
    return {path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda p: p.name)
def test_a_package_becomes_what_is_written_beside_it(folder: Path) -> None:
    old, new = read(folder / "tf1"), read(folder / "tf2")
    for name, result in treated(**old).items():
        assert result.after.decode() == new[name], name
        assert not result.remaining
    for name, result in treated(**new).items():
        assert result.after.decode() == new[name], name


#: Finds the modules of a program that stands in one text.
FINDER = """
import importlib.abc, importlib.machinery, linecache, sys
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        package = any(other.startswith(name + ".") for other in TEXTS)
        return importlib.machinery.ModuleSpec(name, self, is_package=package) if name in TEXTS else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        name, text = module.__name__ + ".py", TEXTS[module.__name__]
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        exec(compile(text, name, "exec"), module.__dict__)
sys.meta_path.insert(0, Finder())
for name in TEXTS:
    sys.modules.pop(name, None)
"""


def joined(folder: Path, driver: str) -> str:
    """A program of several files as one text."""
    files = {name: text for name, text in read(folder).items() if f"{name}.py" != driver}
    modules = {name.removesuffix("/__init__").replace("/", "."): text for name, text in files.items()}
    return f"TEXTS = {modules!r}\n{FINDER}\n{(folder / driver).read_text(encoding='utf-8')}"


@pytest.mark.tensorflow
def test_both_sides_of_packages_print_the_same() -> None:
    runs = [(folder, driver) for folder in PACKAGES for driver in DRIVERS if (folder / "tf1" / driver).exists()]
    old = outputs("old", [joined(folder / "tf1", driver) for folder, driver in runs])
    new = outputs("new", [joined(folder / "tf2", driver) for folder, driver in runs])
    assert all(old), "a program that prints nothing shows nothing"
    found = {f"{p.name}/{d}": differences(a, b) for (p, d), a, b in zip(runs, old, new, strict=True)}
    assert not any(found.values()), found


def test_a_driver_and_its_model_change_together() -> None:
    found = treated(model=MODEL, train=DRIVER)
    assert "class Layer(tf.Module)" in found["model"].after.decode()
    assert "layer = model.Layer(3)" in found["train"].after.decode()


def test_nothing_changes_where_the_driver_cannot() -> None:
    driver = DRIVER + "print(tf.contrib.no_such.thing())\n"
    found = treated(model=MODEL, train=driver)
    assert found["model"].after.decode() == MODEL
    assert found["train"].after.decode() == driver
    (why,) = refusals(found["model"])
    assert why == "5: TFM912 it goes with train.py, which stays as it is (TFM901 on line 9 there)"


def test_nothing_changes_where_the_model_cannot() -> None:
    model = MODEL + "\n\nNET = tf.contrib.no_such.thing()\n"
    found = treated(model=model, train=DRIVER)
    assert found["model"].after.decode() == model
    assert found["train"].after.decode() == DRIVER
    assert any("TFM912 it goes with model.py" in why for why in refusals(found["train"]))


def test_one_driver_that_cannot_keeps_the_other_and_their_model() -> None:
    other = DRIVER + "print(tf.contrib.no_such.thing())\n"
    found = treated(model=MODEL, train=DRIVER, evaluate=other)
    assert [r.after.decode() for r in found.values()] == [MODEL, DRIVER, other]
    assert refusals(found["train"]) == [
        "4: TFM912 it goes with evaluate.py, which stays as it is (TFM901 on line 9 there)"
    ]


def test_drivers_that_need_different_forms_of_a_model_all_stay() -> None:
    model = MODEL.replace("size)", "size, scale)", 1).replace("w)\n", "w) * scale\n")
    known = DRIVER.replace("3)", "3, 2.0)")
    fed = DRIVER.replace("3)", "3, scale)").replace("y = m", "scale = tf.placeholder(tf.float32)\ny = m")
    fed = fed.replace("feed_dict={", "feed_dict={scale: 2.0, ")
    assert "class Layer" in treated(model=model, train=known)["model"].after.decode()
    assert "class Layer" in treated(model=model, train=fed)["model"].after.decode()
    found = treated(model=model, train=known, other=fed)
    assert [r.after.decode() for r in found.values()] == [model, known, fed]
    assert any("the files that use layer need different forms of it" in why for why in refusals(found["model"]))


def test_what_a_driver_does_not_use_does_not_keep_it() -> None:
    model = MODEL + "\n\ndef other():\n    return tf.contrib.no_such.thing()\n"
    helper = "import tensorflow as tf\n\nSIZE = 3\n\n\ndef other():\n    return tf.contrib.no_such.thing()\n"
    found = treated(model=MODEL, helper=helper, train=DRIVER.replace("import model", "import model, helper"))
    assert "model.Layer" in found["train"].after.decode()
    assert found["helper"].after.decode() == helper
    assert model != MODEL


def test_names_of_different_files_stay_apart() -> None:
    model = MODEL.replace("    return", "    x = 2 * x\n    return") + "\n\nsize = x = 7\n"
    driver = DRIVER.replace("layer(x, 3)", "layer(x, size)").replace("x = tf", "size = 3\nx = tf")
    found = treated(model=model, train=driver)
    assert "layer = model.Layer(size)" in found["train"].after.decode()
    assert "size = x = 7" in found["model"].after.decode()


def test_imports_from_elsewhere_under_one_name_stay_apart() -> None:
    model = "from os import path\nimport math as m\n" + MODEL + "\n\nprint(path.sep, m.pi)\n"
    driver = "from glob import glob as path\nimport numpy as m\n" + DRIVER + "print(path('*'), m.pi)\n"
    found = treated(model=model, train=driver)
    assert found["model"].after.decode().startswith("from os import path\nimport math as m\nimport tensorflow as tf\n")
    assert found["model"].after.decode().endswith("\n\nprint(path.sep, m.pi)\n")
    assert found["train"].after.decode().endswith("print(path('*'), m.pi)\n")
    assert "layer = model.Layer(3)" in found["train"].after.decode()


def test_a_module_of_an_old_program_is_old_whatever_it_holds() -> None:
    helpers = "import tensorflow as tf\n\n\ndef drop(x, keep):\n    return tf.nn.dropout(x, keep)\n"
    driver = DRIVER.replace("import model", "import helpers").replace("model.layer(x, 3)", "helpers.drop(x, 1.0)")
    found = treated(helpers=helpers, train=driver)
    assert "return tf.nn.dropout(x, rate=1 - keep)" in found["helpers"].after.decode()
    assert treated(helpers=helpers)["helpers"].after.decode() == helpers


def test_imports_with_a_stand_in_are_followed() -> None:
    tried = "try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle\n"
    found = treated(model=f"{tried}{MODEL}\n\nprint(pickle)\n", train=DRIVER)
    assert "layer = model.Layer(3)" in found["train"].after.decode()
    assert found["model"].after.decode().startswith(tried)
    found = treated(
        model=f"{tried}{MODEL}\n\nprint(pickle)\n", train="import dill as pickle\n" + DRIVER + "print(pickle)\n"
    )
    assert any("pickle has another meaning in another file" in why for why in refusals(found["model"]))


def test_an_object_is_not_called_as_the_module_that_it_comes_from() -> None:
    found = treated(layer=MODEL, train=DRIVER.replace("model", "layer") + "\nprint(layer.tf.__name__ if 0 else 1)\n")
    assert refusals(found["train"])
    found = treated(layer=MODEL + "\n\nSIZE = 3\n", train=DRIVER.replace("model", "layer").replace("3)", "layer.SIZE)"))
    assert "layer_1 = layer.Layer(layer.SIZE)" in found["train"].after.decode()


def test_what_is_called_otherwise_here_keeps_its_name() -> None:
    driver = DRIVER.replace("import model", "from model import layer as dense").replace("model.layer", "dense")
    found = treated(model=MODEL, train=driver)
    assert "from model import Layer\n" in found["train"].after.decode()
    assert "layer = Layer(3)" in found["train"].after.decode()
    found = treated(model=MODEL, train=driver.replace("y = dense", "layer = 2\ny = dense") + "print(layer)\n")
    assert "layer_1 = Layer(3)" in found["train"].after.decode()
    found = treated(model=MODEL, train=f"from os import path as layer\n{driver}print(layer)\n")
    assert "layer_1 = Layer(3)" in found["train"].after.decode()


@pytest.mark.parametrize(
    ("model", "driver", "why"),
    [
        ("# tf2migrate: skip-file\n" + MODEL, DRIVER, "is not looked into"),
        (MODEL + "print 1\n", DRIVER, "model.py is not looked into"),
        ('__all__ = ["layer"]\n' + MODEL, DRIVER, "layer, which `__all__` names, becomes something else"),
        (MODEL, DRIVER.replace("import model\n", "try:\n    import model\nfinally:\n    pass\n"), "inside"),
        (MODEL, DRIVER.replace("import tensorflow as tf\n", "import tensorflow.compat.v1 as tf\n"), "tf is tensorflow"),
        (MODEL + "\n\nimport train\n\n\ndef again():\n    return train.y\n", DRIVER, "and is imported by it"),
        (MODEL + "\n\nK = tf.zeros(1)\n", DRIVER.replace("import model\n", "Z = tf.zeros(1)\nimport model\n"), "after"),
        (MODEL + "\n\ndef ˑ(x):\n    return x\n", DRIVER, "it has the letter"),
        (MODEL, "from model import *\n" + DRIVER + "\n\ndef layer(x):\n    return x\n", "is bound otherwise as well"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_leaves_all_as_it_is(model: str, driver: str, why: str) -> None:
    found = treated(model=model, train=driver)
    assert [result.after.decode() for result in found.values()] == [model, driver]
    said = [line for result in found.values() for line in refusals(result)]
    assert any(why in line for line in said), said


def test_what_only_names_a_function_that_changes_is_changed_with_it() -> None:
    other = "import tensorflow as tf\nfrom model import layer\n\nprint(tf.constant(1.0))\n"
    found = treated(model=MODEL, train=DRIVER, other=other)
    assert "import layer" not in found["other"].after.decode()
    kept = other + "tf.contrib.no_such.thing()\n"
    found = treated(model=MODEL, train=DRIVER, other=kept)
    assert [result.after.decode() for result in found.values()] == [MODEL, DRIVER, kept]


def test_a_package_that_offers_a_function_that_changes_stays() -> None:
    texts = {"net/__init__.py": "from .model import layer\n", "net/model.py": MODEL}
    texts["train.py"] = DRIVER.replace("import model", "from net import model")
    files = [File(name, text.encode(), SETTINGS) for name, text in texts.items()]
    assert [result.after.decode() for result in treat_together(files)] == list(texts.values())
    texts["net/__init__.py"] = "from .model import *\n"
    files = [File(name, text.encode(), SETTINGS) for name, text in texts.items()]
    assert "class Layer" in treat_together(files)[1].after.decode()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("y = model.layer(x, 3)", "y = getattr(model, 'layer')(x, 3)", "handed on or changed as a whole"),
        ("y = model.layer(x, 3)", "model.layer = None\ny = x", "handed on or changed as a whole"),
        ("import model", "from model import layer", "is imported, and bound to something else"),
        ("y = model.layer(x, 3)", "y = model.layers(x, 3)", "is not bound by that file"),
    ],
)
def test_what_is_not_followed_is_said(old: str, new: str, why: str) -> None:
    driver = DRIVER.replace(old, new).replace(
        "y = model.layer", "layer = layer" if "from" in new else "y = model.layer"
    )
    found = treated(model=MODEL, train=driver)
    assert found["model"].after.decode() == MODEL
    assert found["train"].after.decode() == driver
    assert any(why in said for said in refusals(found["train"])), refusals(found["train"])


AGENT = """import tensorflow as tf


class Agent(object):
    def __init__(self):
        self.x = tf.placeholder(tf.float32, [None, 2])
        self.y = self.x * 2.0
        self.sess = tf.Session()

    def act(self, x):
        return self.sess.run(self.y, {self.x: x})
"""


def test_the_layout_of_a_file_that_needs_no_change_stays() -> None:
    run = "import agent\n\nSHOWN = False   \na = agent.Agent()\nif SHOWN: print(a)\nprint(a.act([[1.0, 2.0]]))\n"
    results = treated(agent=AGENT, run=run)
    assert results["agent"].after != AGENT.encode()
    assert results["run"].after.decode() == run


def test_of_too_many_files_each_is_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.packages.treatment.LARGEST", 100)
    new = "import tensorflow as tf\nimport train\n\no = tf.keras.optimizers.Adam(lr=0.1)\n"
    results = treated(model=MODEL, train=DRIVER, new=new)
    assert results["train"].after == DRIVER.encode()
    assert results["model"].after == MODEL.encode()
    assert results["new"].after == new.replace("lr=", "learning_rate=").encode()
    message = "it is one of 3 files that import each other, 0 MB: too many to be followed"
    assert [refusals(results[name])[0] for name in ("train", "model")] == [f"1: TFM912 {message}"] * 2
    assert not refusals(results["new"])


def test_a_program_that_is_too_large_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.packages.together.LARGEST", 10)
    results = treated(model=MODEL, train=DRIVER)
    assert results["train"].after == DRIVER.encode()
    assert results["model"].after == MODEL.encode()
    message = (
        "the files that import each other are not followed as one program: with all that it imports it has 16 lines"
    )
    assert refusals(results["train"])[0] == f"1: TFM912 {message}"


def test_tensorflow_through_a_star_is_seen_where_nothing_can_be_done() -> None:
    """A file without an import of TensorFlow in it is one of TensorFlow 1 nevertheless."""
    common, driver = "import tensorflow as tf\n", DRIVER.replace("import tensorflow as tf", "from common import *")
    found = treated(common=common, model=MODEL, train=driver + "print(tf.contrib.no_such.thing())\n")
    assert found["train"].after.decode().startswith("from common import *\nimport model")
    assert any("TFM901" in why for why in refusals(found["train"]))
    assert found["model"].after.decode() == MODEL
    lifted = treated(common=common, model=MODEL, train=driver)
    assert lifted["train"].after.decode().startswith("from common import *\nimport tensorflow as tf\nimport model")
