"""An environment in which the old TensorFlow itself runs: `--setup-old 1.15`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: The newest Python that a TensorFlow 1 runs on, and what is installed there.
KNOWN = {
    "1.15": ("3.7", ("tensorflow==1.15.0", "protobuf<3.21")),
    "2.15": ("3.11", ("tensorflow-cpu==2.15.1", "tf-keras==2.15.1")),
}


class SetupError(Exception):
    """Why no environment could be made."""


def setup_old(version: str) -> str:
    """The interpreter of an environment with that TensorFlow, made now or before."""
    if version not in KNOWN:
        raise SetupError(f"--setup-old knows {', '.join(KNOWN)}")
    python, packages = KNOWN[version]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "tf2migrate" / f"tensorflow-{version}"
    interpreter = folder / "bin" / "python"
    if (folder / "ready").exists() and interpreter.exists():
        return str(interpreter)
    base = next(interpreters(python), None)
    if base is None:
        raise SetupError(f"TensorFlow {version} needs Python {python}, and none is found")
    shutil.rmtree(folder, ignore_errors=True)
    for command in ([base, "-m", "venv", str(folder)], [str(interpreter), "-m", "pip", "install", "-q", *packages]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SetupError(f"{' '.join(command[1:4])} failed: {last}")
    (folder / "ready").touch()
    return str(interpreter)


def interpreters(version: str) -> Iterator[str]:
    """Pythons of a version: on the path, then pyenv's."""
    found = shutil.which(f"python{version}")
    if found and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode:
        yield found
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for folder in sorted(versions.glob(f"{version}.*"), reverse=True):
        if (folder / "bin" / "python").exists():
            yield str(folder / "bin" / "python")
