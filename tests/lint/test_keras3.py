"""What is said of code of TensorFlow 2.0 to 2.15, and what its fix makes of it."""

from __future__ import annotations

import pytest

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3 import modernise
from tf2migrate.lint.keras3_tables import calls, exists, gone, keras3, member, names, verdict
from tf2migrate.model import Edit
from tf2migrate.records import in_tf2

TF = "import tensorflow as tf\n"
MODEL = TF + "m = tf.keras.Sequential([tf.keras.layers.Dense(3)])\n"
OPTIMIZER = TF + "o = tf.keras.optimizers.SGD(0.1)\n"


def said(text: str) -> list[str]:
    """The codes of what is said of a program, in its order."""
    program = Program(text)
    found = [(program.span(f.node).start, f.code) for f in modernise(program)]
    return [code for _, code in sorted(found)]


def fixed(text: str, unsafe: bool = False) -> str:
    """A program with every fix made, as often as one makes room for another."""
    for _ in range(8):
        program, edits = Program(text), list[Edit]()
        for found in modernise(program):
            new = [edit for edit in found.edits if edit not in edits]
            if (found.safe or unsafe) and not any(_touch(edit, other) for edit in new for other in edits):
                edits += new
        if not edits:
            return text
        text = apply(text, tuple(sorted(edits)), ())[0]
    raise AssertionError("the fixes do not come to an end")


def _touch(one: Edit, other: Edit) -> bool:
    return one.span.start < other.span.end and other.span.start < one.span.end


FIXED = [
    # names
    (TF + "tf.keras.losses.mean_squared_error(a, b)", TF + "tf.keras.losses.MSE(a, b)"),
    (TF + "tf.keras.optimizers.legacy.Adam(lr=0.1)", TF + "tf.keras.optimizers.Adam(learning_rate=0.1)"),
    (
        "from tensorflow import keras\nkeras.layers.experimental.preprocessing.Resizing(2, 2)",
        "from tensorflow import keras\nkeras.layers.Resizing(2, 2)",
    ),
    (
        "from tensorflow.keras.layers.experimental import preprocessing as p\np.Resizing(2, 2)",
        "from tensorflow.keras import layers as p\np.Resizing(2, 2)",
    ),
    (
        "import tensorflow.keras.layers.experimental.preprocessing as p\np.Resizing(2, 2)",
        "import tensorflow.keras.layers as p\np.Resizing(2, 2)",
    ),
    (
        "from tensorflow.keras.mixed_precision import experimental as mp\nmp.set_policy('mixed_float16')",
        "from tensorflow.keras import mixed_precision as mp\nmp.set_global_policy('mixed_float16')",
    ),
    (
        TF + "mp = tf.keras.mixed_precision.experimental\nmp.set_policy('mixed_float16')",
        TF + "mp = tf.keras.mixed_precision\nmp.set_global_policy('mixed_float16')",
    ),
    (
        "from tensorflow.keras.experimental import CosineDecay, LinearModel",
        "from tensorflow.keras.optimizers.schedules import CosineDecay\n"
        "from tensorflow.keras.experimental import LinearModel",
    ),
    ("from keras.layers.core import Dense, Dropout", "from keras.layers import Dense, Dropout"),
    ("from keras.engine.topology import Layer", "from keras.layers import Layer"),
    (
        "from keras.utils import np_utils\nnp_utils.to_categorical(y)",
        "from keras import utils as np_utils\nnp_utils.to_categorical(y)",
    ),
    (
        "from keras.preprocessing.image import ImageDataGenerator, load_img",
        "from tensorflow.keras.preprocessing.image import ImageDataGenerator\n"
        "from keras.preprocessing.image import load_img",
    ),
    ("from keras import backend as K\nK.mean(x)", "from tensorflow.keras import backend as K\nK.mean(x)"),
    # arguments
    (
        TF + "tf.keras.layers.BatchNormalization(\n    fused=True,  # quick\n    axis=1,\n)",
        TF + "tf.keras.layers.BatchNormalization(\n    axis=1,\n)",
    ),
    (TF + "tf.keras.layers.GRU(3, time_major=False)", TF + "tf.keras.layers.GRU(3)"),
    (TF + "tf.keras.layers.BatchNormalization(fused=True,)", TF + "tf.keras.layers.BatchNormalization()"),
    (TF + "tf.keras.regularizers.l2(l=0.1)", TF + "tf.keras.regularizers.l2(l2=0.1)"),
    (
        TF + "tf.keras.initializers.GlorotUniform(seed=1, dtype=tf.float32)",
        TF + "tf.keras.initializers.GlorotUniform(seed=1)",
    ),
    (TF + "tf.keras.utils.to_categorical(y, 3, 'float32')", TF + "tf.keras.utils.to_categorical(y, 3)"),
    (MODEL + "m.fit(a, b, workers=4, epochs=2)", MODEL + "m.fit(a, b, epochs=2)"),
    (
        MODEL + "m.fit_generator(g, 10, 2, 1, validation_data=v, workers=4)",
        MODEL + "m.fit(g, steps_per_epoch=10, epochs=2, verbose=1, validation_data=v)",
    ),
    (MODEL + "m.predict_generator(generator=g, steps=3)", MODEL + "m.predict(x=g, steps=3)"),
    ("def run(model):\n    model.fit_generator(g)\nimport keras", "def run(model):\n    model.fit(g)\nimport keras"),
    (
        MODEL + "m.compile('sgd', 'mse', ['mae'], None, experimental_run_tf_function=False)",
        MODEL + "m.compile('sgd', 'mse', metrics=['mae'], loss_weights=None)",
    ),
    # optimizers
    (OPTIMIZER + "o.lr = 0.2\nprint(o.lr)", OPTIMIZER + "o.learning_rate = 0.2\nprint(o.learning_rate)"),
    (
        MODEL
        + "from tensorflow.keras import backend as K\nK.set_value(m.optimizer.lr, K.get_value(m.optimizer.lr) / 2)",
        MODEL
        + "from tensorflow.keras import backend as K\n"
        + "m.optimizer.learning_rate.assign(K.get_value(m.optimizer.learning_rate) / 2)",
    ),
    (OPTIMIZER + "o.apply_gradients(zip(g, v), name='x')", OPTIMIZER + "o.apply_gradients(zip(g, v))"),
    (TF + "tf.keras.optimizers.SGD(0.1, decay=0.0)", TF + "tf.keras.optimizers.SGD(0.1)"),
    (
        TF + "tf.keras.optimizers.Adam(decay=r)",
        TF
        + "tf.keras.optimizers.Adam(learning_rate=tf.keras.optimizers.schedules.InverseTimeDecay"
        + "(0.001, decay_steps=1, decay_rate=r))",
    ),
    (
        OPTIMIZER + "if x:\n    o.minimize(loss, model.trainable_variables)",
        OPTIMIZER
        + "if x:\n    with tf.GradientTape() as tape:\n        loss_value = loss()\n"
        + "    o.apply_gradients(zip(tape.gradient(loss_value, model.trainable_variables), model.trainable_variables))",
    ),
    (
        OPTIMIZER + "with tf.GradientTape() as t:\n    l = f()\no.minimize(l, w, tape=t)",
        OPTIMIZER + "with tf.GradientTape() as t:\n    l = f()\no.apply_gradients(zip(t.gradient(l, w), w))",
    ),
    # objects that are found by following names
    (
        TF + "def make():\n    model = tf.keras.Sequential()\n    return model\nmake().fit_generator(g)",
        TF + "def make():\n    model = tf.keras.Sequential()\n    return model\nmake().fit(g)",
    ),
    (
        TF + "def use(metric):\n    metric.reset_states()\nuse(tf.keras.metrics.Mean())",
        TF + "def use(metric):\n    metric.reset_state()\nuse(tf.keras.metrics.Mean())",
    ),
    (
        TF + "class A:\n    def __init__(self):\n        self.m = tf.keras.metrics.Mean()\n"
        "    def go(self):\n        self.m.reset_states()",
        TF + "class A:\n    def __init__(self):\n        self.m = tf.keras.metrics.Mean()\n"
        "    def go(self):\n        self.m.reset_state()",
    ),
    (
        TF + "class C(tf.keras.callbacks.Callback):\n    def on_epoch_end(self, e, logs=None):\n"
        "        print(self.model.optimizer.lr)",
        TF + "class C(tf.keras.callbacks.Callback):\n    def on_epoch_end(self, e, logs=None):\n"
        "        print(self.model.optimizer.learning_rate)",
    ),
    (
        TF + "def block(x):\n    x = tf.keras.layers.Dense(3)(x)\n    return tf.nn.relu(x)\n"
        "y = block(tf.keras.Input((4,)))\nz = tf.stack([y, y], axis=1)",
        TF + "def block(x):\n    x = tf.keras.layers.Dense(3)(x)\n    return tf.keras.ops.relu(x)\n"
        "y = block(tf.keras.Input((4,)))\nz = tf.keras.ops.stack([y, y], axis=1)",
    ),
    (
        TF + "x = tf.keras.Input((4,))\ny = tf.gather(x, i)",
        TF + "x = tf.keras.Input((4,))\ny = tf.keras.ops.take(x, i, axis=0)",
    ),
    (
        MODEL + "for layer in m.layers:\n    print(layer.output_shape)",
        MODEL + "for layer in m.layers:\n    print(layer.output.shape)",
    ),
    # files
    (MODEL + "m.save_weights(folder + '/w.h5', save_format='h5')", MODEL + "m.save_weights(folder + '/w.weights.h5')"),
    (
        "from tensorflow.keras.callbacks import ModelCheckpoint\nModelCheckpoint('w.ckpt', "
        "save_weights_only=True, period=1)",
        "from tensorflow.keras.callbacks import ModelCheckpoint\nModelCheckpoint('w.weights.h5', "
        "save_weights_only=True)",
    ),
    # building
    (
        TF
        + "m = tf.keras.Sequential([tf.keras.layers.GRU(3, batch_input_shape=[1, None, 2]), tf.keras.layers.Dense(1)])",
        TF + "m = tf.keras.Sequential([tf.keras.Input(batch_shape=[1, None, 2]), tf.keras.layers.GRU(3), "
        "tf.keras.layers.Dense(1)])",
    ),
    (TF + "x = tf.keras.Input(4)", TF + "x = tf.keras.Input((4,))"),
]


@pytest.mark.parametrize(("old", "new"), FIXED, ids=[old.rpartition("\n")[2] for old, _ in FIXED])
def test_fixed(old: str, new: str) -> None:
    assert said(old) != []
    assert fixed(old) == new
    assert fixed(new) == new


UNSAFE = [
    (MODEL + "m.save('model')\nm = tf.keras.models.load_model('model')",
     MODEL + "m.save('model.keras')\nm = tf.keras.models.load_model('model.keras')"),
    (MODEL + "m.save('model', save_format='h5')", MODEL + "m.save('model.h5')"),
    (TF + "class A(tf.keras.optimizers.legacy.Optimizer): pass", TF + "class A(tf.keras.optimizers.Optimizer): pass"),
    (
        TF + "o = tf.keras.optimizers.SGD(0.1, decay=r)\nprint(o.learning_rate, "
        "tf.keras.callbacks.ReduceLROnPlateau())",
        TF + "o = tf.keras.optimizers.SGD(tf.keras.optimizers.schedules.InverseTimeDecay(0.1, decay_steps=1, "
        "decay_rate=r))\nprint(o.learning_rate, tf.keras.callbacks.ReduceLROnPlateau())",
    ),
    (
        TF + "x = tf.keras.Input((4,))\ny = tf.math.cumsum(x, axis=1)",
        TF + "x = tf.keras.Input((4,))\ny = tf.keras.layers.Lambda(lambda t: tf.math.cumsum(t, axis=1))(x)",
    ),
    (MODEL + "m(x, True)", MODEL + "m(x, training=True)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), UNSAFE, ids=[old.rpartition("\n")[2] for old, _ in UNSAFE])
def test_fixed_only_when_asked(old: str, new: str) -> None:
    assert fixed(old) == old
    assert fixed(old, unsafe=True) == new


TOLD = [
    (TF + "tf.keras.backend.get_session()", ["TFM502"]),
    (TF + "class M(tf.keras.utils.HDF5Matrix): pass", ["TFM502"]),
    ("from tensorflow import estimator as e\ne.ModeKeys.TRAIN", ["TFM502"]),
    ("import keras\nkeras.layers.CuDNNLSTM(3)", ["TFM502"]),
    (TF + "tf.keras.layers.LSTM(3, time_major=flag)", ["TFM505"]),
    (MODEL + "m.to_yaml()", ["TFM508"]),
    (MODEL + "m.layers[0].get_output_at(0)", ["TFM508"]),
    (OPTIMIZER + "o.get_weights()", ["TFM508"]),
    (OPTIMIZER + "x = o.minimize(f, v)", ["TFM511"]),
    (MODEL + "m.load_weights('checkpoint')", ["TFM514"]),
    (TF + "class A(tf.keras.Model):\n    def build(self, s):\n        self.w = tf.Variable(1.0)", ["TFM523"]),
    (TF + "x = tf.keras.Input((4,))\nm = tf.keras.Model(x, x)\nm.add_loss(f(x))", ["TFM530"]),
]


@pytest.mark.parametrize(("text", "codes"), TOLD, ids=[text.rpartition("\n")[2] for text, _ in TOLD])
def test_told(text: str, codes: list[str]) -> None:
    assert said(text) == codes


SILENT = [
    TF + "tf.keras.layers.Dense(3, input_shape=(4,))",
    TF + "tf.keras.layers.LeakyReLU(alpha=0.1)",
    TF + "tf.data.experimental.AUTOTUNE",
    TF + "tf.keras.preprocessing.image.ImageDataGenerator(rescale=0.1)",
    TF + "tf.keras.losses.MeanSquaredError(reduction=tf.keras.losses.Reduction.NONE)",
    MODEL + "m.save('m.keras')\nm.save('m.h5', save_format='h5')\nm.save(path)",
    MODEL + "m.save_weights(path)\nm.load_weights('old.h5', by_name=True)",
    MODEL + "m.fit(a, b, epochs=2)\nm.fit([a, b], c)\nm.predict([a])",
    MODEL + "m.compile('sgd', 'mse', [0.3])\nm.compile('sgd', 'mse', None)",
    MODEL + "print(m.output_shape, m.input_shape, m.count_params())",
    MODEL + "m(x, training=True)\nm(x, y)",
    "import tf_keras\ntf_keras.optimizers.Adam(lr=0.1)",
    "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\n" + TF + "tf.keras.optimizers.Adam(lr=0.1)",
    "import tensorflow.compat.v1 as tf\ntf.keras.initializers.Constant(1.0, dtype=tf.int32)",
    TF + "def f(model):\n    model.reset_states()\n    model.lr = 3",
    TF + "def f(tf):\n    tf.keras.optimizers.Adam(lr=0.1)",
    TF + "tf.keras.layers.Lambda(lambda x: tf.nn.relu(x))(tf.keras.Input((4,)))",
    TF + "class L(tf.keras.layers.Layer):\n    def call(self, x):\n        return tf.reduce_sum(x)\n"
    "L()(tf.keras.Input((4,)))",
    TF + "class L(tf.keras.layers.Layer):\n    def f(self):\n        self.add_weight(shape=(3,), name='w', "
    "initializer='ones')",
    TF + "class L(tf.keras.layers.Layer):\n    def f(self):\n        self.n = tf.Variable(0, trainable=False)",
    TF + "x = tf.keras.Input((4,))\ny = x * tf.constant(2.0) + x[:, :1]\nprint(tf.is_tensor(y))",
    "import keras\nkeras.losses.mean_squared_error(a, b)\nkeras.saving.load_model(p)\nkeras.backend.clear_session()",
    "from keras.src.layers import Dense",
    "import torch\nclass A(torch.optim.SGD): pass\no = A(lr=0.1)\no.lr = 3\nimport tensorflow",
    "try:\n    from tensorflow.keras.optimizers.legacy import Adam\nexcept ImportError:\n    Adam = None",
    "import tensorflow as tf\nif tf.__version__ < '2.16':\n    tf.keras.backend.set_learning_phase(0)",
]


@pytest.mark.parametrize("text", SILENT, ids=[text.rpartition("\n")[2] for text in SILENT])
def test_nothing_is_said(text: str) -> None:
    assert said(text) == []


def test_every_name_that_is_gone_has_a_verdict() -> None:
    # What TensorFlow 1 had as well, under the same name, is the migration's: rules/renames/gone.toml and its tables.
    owners = {"Model": "Model", "Sequential": "Sequential", "Layer": "Layer", "RNN": "RNN", "Metric": "Metric"}
    owners |= {"Optimizer": "Optimizer"}
    special = {"reset_states", "predict_classes", "minimize"}  # rules of their own
    missing = []
    for name in gone():
        owner, _, last = name.rpartition(".")
        kind = owners.get(owner.rpartition(".")[2])
        known = verdict(name) is not None or (kind is not None and (last in special or member(kind, last) is not None))
        if not known:
            missing.append(name)
    assert missing == []


def test_a_verdict_is_a_name_or_advice() -> None:
    records = [*names().values()]
    assert [r.symbol for r in records if bool(r.becomes) == bool(r.advice)] == []
    assert [r.symbol for r in records if r.becomes and not in_tf2(r.becomes)] == []


def test_what_is_called_gone_is_not_there() -> None:
    lazy = "tf.keras.optimizers.legacy"  # there, and raises when it is called
    inner = {"tf.keras.optimizers.experimental"}
    there = [s for s in names() if in_tf2(s) and not s.endswith(".") and not s.startswith(lazy) and s not in inner]
    assert there == []
    assert [name for name in gone() if name in there] == []


def test_the_list_of_keras_is_one() -> None:
    assert {"keras.layers.Dense", "keras.ops.mean", "keras.losses.mean_squared_error"} <= keras3()
    assert exists("keras.layers.Dense")
    assert not exists("keras.layers.CuDNNLSTM")


def test_arguments_of_a_record_are_of_one_kind() -> None:
    for record in calls().values():
        assert not {*record.rename} & {*record.drop}, record.symbol
        assert not {*record.only} & {*record.drop}, record.symbol
        assert not record.only or record.advice, record.symbol


def test_a_finding_without_edits_has_advice() -> None:
    for text, _ in TOLD:
        found: list[Found] = list(modernise(Program(text)))
        assert all(f.advice and f.message for f in found)
