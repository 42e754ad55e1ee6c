"""What becomes of a program's imports once its other lines are rewritten."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.imports import tidy

TF = "import tensorflow as tf\n"


def tidied(text: str, before: str) -> str:
    """The text once tidied; a second time must change nothing more."""
    old = Program(before)
    after, _ = apply(text, tidy(Program(text), old).edits)
    again = Program(after)
    assert tidy(again, old).edits == ()
    return after


CASES = {
    "examples": (
        TF + "from tensorflow.examples.tutorials.mnist import input_data\n\nmnist = load()\n",
        TF + "from tensorflow.examples.tutorials.mnist import input_data\n\nmnist = input_data.read()\ntf.log(1)\n",
        "mnist = load()\n",
    ),
    "contrib": (
        TF + "from tensorflow.contrib import rnn\nx = tf.ones(1)\n",
        TF + "from tensorflow.contrib import rnn\nx = rnn.C(tf.ones(1))\n",
        TF + "x = tf.ones(1)\n",
    ),
    "contrib, never used": (
        TF + "from tensorflow.contrib import rnn\nx = tf.ones(1)\n",
        TF + "from tensorflow.contrib import rnn\nx = tf.ones(1)\n",
        TF + "x = tf.ones(1)\n",
    ),
    "never used, but there": (
        "import sys\nimport tensorflow as tf\nfrom tensorflow import keras\nx = 1\n",
        "import sys\nimport tensorflow as tf\nfrom tensorflow import keras\nx = 1\n",
        "import sys\nimport tensorflow as tf\nfrom tensorflow import keras\nx = 1\n",
    ),
    "another module's import": (
        "import sys, os\n" + TF + "x = tf.ones(os.sep)\n",
        "import sys, os\n" + TF + "x = tf.ones(os.sep)\ntf.app.run(sys.argv)\n",
        "import os\n" + TF + "x = tf.ones(os.sep)\n",
    ),
    "private": (
        TF + "from tensorflow.python.framework import ops\nx = tf.ones(1)\n",
        TF + "from tensorflow.python.framework import ops\nops.reset_default_graph()\nx = tf.ones(1)\n",
        TF + "x = tf.ones(1)\n",
    ),
    "alias, and the import that only it used": (
        "import tensorflow as T\nslim = T.contrib.slim\nx = 1\n",
        "import tensorflow as T\nslim = T.contrib.slim\nx = slim.conv2d(1)\n",
        "x = 1\n",
    ),
    "an attribute of a class is no alias": (
        TF + "class A:\n    dtype = tf.float32\n",
        TF + "class A:\n    dtype = tf.float32\nx = A.dtype\n",
        TF + "class A:\n    dtype = tf.float32\n",
    ),
    "an alias that was never used and is there": (TF + "D = tf.float32\n",) * 3,
    "compat.v1 as tf": (
        "import tensorflow.compat.v1 as tf  # the old one\ntf.disable_v2_behavior()\n\nx = tf.ones(1)\n",
        "import tensorflow.compat.v1 as tf  # the old one\ntf.disable_v2_behavior()\n\nx = tf.placeholder(1)\n",
        "import tensorflow as tf  # the old one\n\nx = tf.ones(1)\n",
    ),
    "from compat": (
        "from tensorflow.compat import v1 as tf\ntf.disable_eager_execution()\nx = tf.ones(1)\n",
        "from tensorflow.compat import v1 as tf\ntf.disable_eager_execution()\nx = tf.log(1)\n",
        TF + "x = tf.ones(1)\n",
    ),
    "compat.v1 written out": (
        TF + "tf.compat.v1.disable_v2_behavior()\na = tf.compat.v1\nb = tf.compat.v1\nx = tf.compat.v1.abs(a.abs(1))\n",
        TF + "tf.compat.v1.disable_v2_behavior()\na = tf.compat.v1\nb = tf.compat.v1\nx = b.ones(a.log(1))\n",
        TF + "a = tf\nx = tf.abs(a.abs(1))\n",
    ),
    "compat.v1 by its whole path": (
        "import tensorflow.compat.v1\nx = tensorflow.compat.v1.ones(1)\n",
        "import tensorflow.compat.v1\nx = tensorflow.compat.v1.log(1)\n",
        "import tensorflow\nx = tensorflow.ones(1)\n",
    ),
    "compat.v1 that is needed": ("import tensorflow.compat.v1 as tf\nx = tf.log(1)\n",) * 3,
    "a name of compat.v1": (
        "from tensorflow.compat.v1 import ConfigProto, ones, keras\nx = ones(1), keras\n",
        "from tensorflow.compat.v1 import ConfigProto, ones, keras\nx = ones(ConfigProto()), keras\n",
        "from tensorflow import ones, keras\nx = ones(1), keras\n",
    ),
    "the whole path": (
        "import tensorflow.contrib.layers\nx = tensorflow.ones(1)\n",
        "import tensorflow.contrib.layers\nx = tensorflow.contrib.layers.relu(1)\n",
        "import tensorflow\nx = tensorflow.ones(1)\n",
    ),
    "two names of one module": (
        "import numpy as np, tensorflow.compat.v1 as tf\nx = tf.ones(np.e)\n",
        "import numpy as np, tensorflow.compat.v1 as tf\nx = tf.log(np.e)\n",
        "import numpy as np, tensorflow as tf\nx = tf.ones(np.e)\n",
    ),
    "some names of a list": (
        "from tensorflow import placeholder, Session, float32\nx = float32\n",
        "from tensorflow import placeholder, Session, float32\nx = placeholder(float32), Session\n",
        "from tensorflow import float32\nx = float32\n",
    ),
    "some names of a list over lines": (
        "from tensorflow import (\n    log,  # gone\n    ones,  # a tensor\n    Session,  # gone\n)\nx = ones\n",
        "from tensorflow import log, ones, Session\nx = ones, log, Session\n",
        "from tensorflow import (\n    ones,  # a tensor\n)\nx = ones\n",
    ),
    "some names of a list that a brace ends": (
        "from tensorflow import (ones,  # a tensor\n    Session)\nx = ones\n",
        "from tensorflow import (ones,  # a tensor\n    Session)\nx = ones, Session\n",
        "from tensorflow import (ones  # a tensor\n    )\nx = ones\n",
    ),
    "some names of a list with a backslash": (
        "from tensorflow import Session, \\\n    ones, log\nx = ones\n",
        "from tensorflow import Session, \\\n    ones, log\nx = ones, Session, log\n",
        "from tensorflow import ones\nx = ones\n",
    ),
    "legacy Keras": (
        "from tensorflow.python.keras.layers import Dense\nx = Dense\n",
        "from tensorflow.python.keras.layers import Dense\nx = Dense\n",
        "from tensorflow.keras.layers import Dense\nx = Dense\n",
    ),
    "try": (
        "try:\n    import tensorflow.compat.v1 as tf\n    tf.disable_v2_behavior()\nexcept ImportError:\n"
        "    import tensorflow as tf\nx = tf.ones(1)\n",
        "try:\n    import tensorflow.compat.v1 as tf\n    tf.disable_v2_behavior()\nexcept ImportError:\n"
        "    import tensorflow as tf\nx = tf.log(1)\n",
        TF + "x = tf.ones(1)\n",
    ),
    "try with something else in it": (
        "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    print('none')\nx = tf.ones(1)\n",
        "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    print('none')\nx = tf.log(1)\n",
        "try:\n    import tensorflow as tf\nexcept ImportError:\n    print('none')\nx = tf.ones(1)\n",
    ),
    "try of which nothing is left": (
        "try:\n    from tensorflow.contrib import rnn\nexcept ImportError:\n    rnn = None\nx = 1\n",
        "try:\n    from tensorflow.contrib import rnn\nexcept ImportError:\n    rnn = None\nx = rnn.C(1)\n",
        "x = 1\n",
    ),
    "try in a function": (
        "def f():\n    try:\n        import tensorflow.compat.v1 as tf\n    except ImportError:\n"
        "        import tensorflow as tf\n    else:\n        from tensorflow import nn\n    return tf.ones(nn)\n",
        TF + "x = 1\n",
        "def f():\n    import tensorflow as tf\n    from tensorflow import nn\n    return tf.ones(nn)\n",
    ),
    "the only statement of a block": (
        "def f():\n    from tensorflow.contrib import rnn\nf()\n",
        "def f():\n    from tensorflow.contrib import rnn\nf()\n",
        "def f():\n    pass\nf()\n",
    ),
    "all statements of a block": (
        TF + "if tf.__version__[0] == '2':\n    tf.disable_v2_behavior()\n    tf.disable_eager_execution()\n",
        TF + "if tf.__version__[0] == '2':\n    tf.disable_v2_behavior()\n    tf.disable_eager_execution()\n",
        TF + "if tf.__version__[0] == '2':\n    pass\n",
    ),
    "several statements on a line": (
        "import sys; from tensorflow.contrib import rnn; import os\nx = os.sep, sys\n",
        "import sys; from tensorflow.contrib import rnn; import os\nx = os.sep, sys, rnn\n",
        "import sys; import os\nx = os.sep, sys\n",
    ),
    "a comment above stays, one beside goes": (
        "# MNIST\nfrom tensorflow.examples.tutorials.mnist import input_data  # data\nx = 1\n",
        "# MNIST\nfrom tensorflow.examples.tutorials.mnist import input_data  # data\nx = input_data\n",
        "# MNIST\nx = 1\n",
    ),
    "empty lines do not add up": (
        "import os\n\nslim = tf.contrib.slim\nlayers = tf.layers\n\nx = os.sep\n",
        "import os\n\nslim = tf.contrib.slim\nlayers = tf.layers\n\nx = os.sep\n",
        "import os\n\nslim = tf.contrib.slim\nlayers = tf.layers\n\nx = os.sep\n",
    ),
    "empty lines around what went": (
        TF + "\nslim = tf.contrib.slim\nlayers = tf.layers\n\nx = tf.ones(1)\n",
        TF + "\nslim = tf.contrib.slim\nlayers = tf.layers\n\nx = slim.f(layers)\n",
        TF + "\nx = tf.ones(1)\n",
    ),
    "a list that others import from": (
        "from tensorflow import ones\n__all__ = ['ones']\n",
        "from tensorflow import ones\n__all__ = ['ones']\nx = ones(1)\n",
        "from tensorflow import ones\n__all__ = ['ones']\n",
    ),
    "tf in place of what went": (
        "import os\nos.environ['A'] = '1'\nfrom tensorflow import Session\nx = tf.ones(1)\n",
        "import os\nos.environ['A'] = '1'\nfrom tensorflow import Session\nx = Session()\n",
        "import os\nos.environ['A'] = '1'\nimport tensorflow as tf\nx = tf.ones(1)\n",
    ),
    "needed names": (
        '"""Doc."""\nfrom __future__ import division\n\n# data\nimport tensorflow as tf\nx = tf.ones(np.e), os.sep\n',
        '"""Doc."""\nfrom __future__ import division\n\n# data\nimport tensorflow as tf\nx = tf.log(1)\n',
        '"""Doc."""\nfrom __future__ import division\n\n# data\nimport os\nimport numpy as np\n'
        "import tensorflow as tf\nx = tf.ones(np.e), os.sep\n",
    ),
    "needed names without an import": (
        "#!/bin/x\n# y\nx = np.e\n",
        "#!/bin/x\n# y\nx = 1\n",
        "#!/bin/x\n# y\nimport numpy as np\nx = np.e\n",
    ),
    "names that were unbound before": ("from pylab import *\nx = np.e\n",) * 3,
    "absl": (
        TF + "flags = flags\nflags.DEFINE_float('a')\napp.run(main)\n",
        TF + "flags = tf.app.flags\nflags.DEFINE_float('a')\ntf.app.run()\n",
        "from absl import app, flags\nflags.DEFINE_float('a')\napp.run(main)\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_imports(name: str) -> None:
    text, before, after = CASES[name]
    assert tidied(text, before) == after


def test_no_edit_spans_cells() -> None:
    cells = [
        "from tensorflow import Session\n",
        "\n",
        "\nimport tensorflow.contrib.slim as slim\n",
        "\nx = tf.ones(np.e)\n",
        "import sys, os\n",
        "x = os.sep\n",
    ]
    before = Program("".join(cells).replace("tf.ones(np.e)", "Session(slim, sys)"))
    program = Program("".join(cells))
    program.cuts = tuple(accumulate(map(len, cells[:-1])))
    after, cuts = apply(program.text, tidy(program, before).edits, program.cuts)
    found = [after[start:end] for start, end in pairwise([0, *cuts, len(after)])]
    assert found == [
        "import numpy as np\nimport tensorflow as tf\n",
        "\n",
        "\n",
        "\nx = tf.ones(np.e)\n",
        "import os\n",
        "x = os.sep\n",
    ]
