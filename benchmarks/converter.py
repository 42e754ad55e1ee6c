"""The official converter over the files of a folder, in one process; a file that it fails on does not end the run.

python benchmarks/converter.py IN OUT
"""

import contextlib
import io
import sys
from pathlib import Path

from tensorflow.tools.compatibility.ast_edits import ASTCodeUpgrader
from tensorflow.tools.compatibility.tf_upgrade_v2 import TFAPIChangeSpec

source, target = map(Path, sys.argv[1:])
target.mkdir()
upgrader = ASTCodeUpgrader(TFAPIChangeSpec())
failed = 0
for path in sorted(source.glob("*.py")):
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            upgrader.process_file(str(path), str(target / path.name))
        except Exception:
            failed += 1
print(f"{failed} files ended in an exception")
