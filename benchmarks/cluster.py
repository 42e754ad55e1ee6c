"""What a Dask cluster gains: files per second of one core, and what the machine that gives out the work spends on each.

    python benchmarks/cluster.py FOLDER [--workers 2]

Every TensorFlow program below FOLDER is treated (with --diff: rewritten, and nothing written) by one local process, and
by a scheduler with workers on this machine, each a process with one thread. The seconds are those of the processor, so
that processes that share this machine count as if each had a core; the result must be the same. From these follow the
cores that one command can keep busy, and the hours of a million files. Scheduler and workers use something when there
is nothing to do as well: the busier the machine is otherwise, the more of that is counted.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import OURS, SMALLEST, environment, processor_time, programs


def used(process: subprocess.Popen[str]) -> float:
    """What a process has used of the processor."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def begin(word: str, kind: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A process of a cluster, once it has said a line with a word."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", *arguments]
    env = {**environment("/nonexistent"), "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    return process, next(line for line in process.stderr or () if word in line)


def treat(folder: Path, *arguments: str) -> tuple[float, str]:
    """The seconds of one run here, and what it prints."""
    began = processor_time()
    command = [*OURS, ".", "--no-cache", "--diff", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment("/nonexistent"), capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return processor_time() - began, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    texts = programs(options.folder)
    scheduler, said = begin("Scheduler at:", "scheduler", "--host", "127.0.0.1", "--port", "0")
    every, address = [scheduler], said.split()[-1]
    try:
        for _ in range(options.workers):
            every.append(begin("Registered to", "worker", address, "--nthreads", "1", "--no-nanny")[0])
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
            Path(one, "p.py").write_text(SMALLEST, encoding="utf-8")
            for number, text in enumerate(texts):  # folders of their own: not programs of several files
                file = Path(many, f"p{number:05}", "program.py")
                file.parent.mkdir()
                file.write_text(text, encoding="utf-8")
            report(texts, every, address, Path(one), Path(many))
    finally:
        for process in every:
            process.send_signal(signal.SIGKILL)
            process.communicate()


def report(texts: list[str], every: list[subprocess.Popen[str]], address: str, one: Path, many: Path) -> None:
    count = len(texts)
    local, expected = treat(many, "-j", "1")
    local -= treat(one, "-j", "1")[0]
    start = treat(one, "--scheduler", address)[0]  # the workers have imported all by then
    before = [used(process) for process in every]
    client, found = treat(many, "--scheduler", address)
    scheduler, *workers = (used(process) - was for process, was in zip(every, before, strict=True))
    if found != expected:
        sys.exit("the cluster's result is another")
    client -= start
    print(f"{count} programs, {sum(text.count(chr(10)) for text in texts)} lines; seconds of the processor")
    print(f"one process:         {local:7.2f} s, {count / local:7.1f} files/s")
    print(f"workers, all of them:{sum(workers):7.2f} s, {count / sum(workers):7.1f} files/s for each core")
    print(f"scheduler:           {scheduler:7.2f} s, {1000 * scheduler / count:7.2f} ms/file")
    print(f"the command:         {client:7.2f} s, {1000 * client / count:7.2f} ms/file, and {start:.1f} s to start")
    most = max(1, round(sum(workers) / max(client, scheduler)))
    print(f"cores that one command keeps busy: {most}")
    hours = sum(workers) / count * 1e6 / 3600
    print(f"a million of such files: {hours:.1f} hours on one core, {hours / most:.1f} on {most}")


if __name__ == "__main__":
    main()
