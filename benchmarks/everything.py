"""All Python files of folders through the tool: it must not fail, nor change what is not of TensorFlow 1.

    python benchmarks/everything.py [--anew] [FOLDER ...]    # this Python's standard library and packages, unless given

The files are copied to a temporary folder and treated there as a user would: listed, shown as a diff, rewritten, and
shown as a diff again, with a cache that is empty at first. So each file is followed once, and each that changed once
more: what comes of a file depends on nothing but what it and those that belong to it hold, which is what the cache
goes by. With `--anew` there is no cache, and every pass follows every file. Exit code 1 when a file made the tool
fail, when a file changed that does not name TensorFlow, when a change does not parse, or when a second pass changes
something.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

OURS = [sys.executable, "-m", "tf2migrate", "--exclude", "no-such-folder"]
SUFFIXES = (".py", ".ipynb")
#: What may make a file one of TensorFlow.
NAMED = b"tensorflow"


def copied(folders: Sequence[Path], into: Path) -> int:
    """Copies the files that the tool looks at; their number."""
    count = 0
    for number, folder in enumerate(folders):
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(folder)
                if any(
                    path.is_relative_to(other) for other in folders if other != folder and other.is_relative_to(folder)
                ):
                    continue  # it is copied with that one
                target = into / f"tree{number}" / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                count += 1
    return count


def run(tree: Path, cache: Path | None, *options: str) -> subprocess.CompletedProcess[str]:
    """One call of the tool, told with its time, its exit code and the memory of its largest process so far."""
    began = time.monotonic()
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1]), "TF2MIGRATE_CACHE_DIR": str(cache)}
    command = [*OURS, *options, *([] if cache else ["--no-cache"]), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    seconds = time.monotonic() - began
    print(f"  {' '.join(options)}: exit code {done.returncode}, {seconds:.0f} s, {peak:.0f} MiB at most", flush=True)
    return done


def digests(tree: Path) -> dict[Path, bytes]:
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in tree.rglob("*") if path.is_file()}


def unparsed(paths: Sequence[Path]) -> Iterator[Path]:
    """The scripts that do not parse, and the notebooks that are no JSON."""
    for path in paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                json.loads(path.read_bytes()) if path.suffix == ".ipynb" else ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            yield path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anew", action="store_true", help="follow every file in every pass")
    parser.add_argument("folders", nargs="*", type=Path)
    given = parser.parse_args()
    paths = sysconfig.get_paths()
    folders = given.folders or [Path(paths["stdlib"]), Path(paths["purelib"])]
    with tempfile.TemporaryDirectory() as name:
        tree, cache = Path(name, "tree"), None if given.anew else Path(name, "cache")
        lines = f"{copied(folders, tree)} files of {', '.join(map(str, folders))}"
        print(lines, flush=True)
        before = digests(tree)
        listed = run(tree, cache, "--output-format", "json")
        found = json.loads(listed.stdout)
        defects = [f for f in found if f["code"] in ("TFM009", "TFM909")]
        run(tree, cache, "--diff")
        untouched = digests(tree) == before
        texts = {path: path.read_bytes() for path in before}
        run(tree, cache, "--fix")
        after = digests(tree)
        changed = [path for path in before if after.get(path) != before[path]]
        again = run(tree, cache, "--diff")
        strange = [path for path in changed if NAMED not in texts[path]]
        broken = list(unparsed(changed))
        told: dict[str, list[str]] = {
            "internal errors": [f"{f['filename']}: {f['message']}" for f in defects],
            "exit code 2": [stderr[-500:]] if (stderr := listed.stderr) and listed.returncode == 2 else [],
            "files changed that do not name TensorFlow": list(map(str, strange)),
            "changes that do not parse": list(map(str, broken)),
            "files written by --diff": [] if untouched else ["some"],
            "files added or removed": list(map(str, before.keys() ^ after.keys())),
            "lines of a second pass": again.stdout.splitlines(),
        }
        print(f"  {len(found)} findings, {len(changed)} files changed")
        for what, cases in told.items():
            print(f"  {what}: {len(cases)}", *cases[:20], sep="\n    ")
    sys.exit(any(told.values()))


if __name__ == "__main__":
    main()
