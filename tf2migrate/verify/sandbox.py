"""A process per side that imports TensorFlow once and forks, confined, for every program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.trace import Trace, read_events

#: TensorFlow 1 as today's has it; TensorFlow 2 with Keras 2; exactly what a user gets.
Mode = Literal["old", "legacy", "new"]
RUNNER = Path(__file__).with_name("runner.py")

#: All that a program sees of the caller's environment.
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TZ", "SYSTEMROOT")
CLOCK = re.compile(r"^\s*(import|from)\s.*\b(time|datetime|timeit)\b", re.MULTILINE)
WRITER = re.compile(r"\b(FileWriter|SummaryWriter|create_file_writer)\b")
KERAS = re.compile(r"\b(?:import|from)\s+(keras|tf_keras)\b")
LARGEST_FILE = 20_000_000
#: Of all that stands beside a program, and is copied for every run of it.
MOST_BYTES = 1 << 30
MOST_FILES = 20_000
FOLDER = "tf2migrate-"


@dataclass(frozen=True, slots=True)
class Probe:
    """A run to look into: the n-th (from 0) of those on these lines."""

    lines: tuple[int, int]
    time: int


class Server:
    """A running runner of one interpreter and mode."""

    def __init__(self, mode: Mode, settings: Settings, device: str = "cpu") -> None:
        self.mode: Mode = mode
        self.settings, self.device = settings, device
        self.python = settings.new_python if mode == "new" else settings.old_python
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER))
        self.versions: dict[str, str] = {}

    def close(self) -> None:
        """Ends the process and removes its folder."""
        self.stop()
        remove(self.folder)

    def stop(self) -> None:
        """Ends the process; the program it runs, if any, ends with it."""
        if self.process is None:
            return
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(OSError):  # it has ended itself
            self.process.stdin.write(b"null\n")
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None

    def run(
        self, case: Case, salt: int = 7, carry: bool = False, jitter: bool = False, probe: Probe | None = None
    ) -> Trace:
        """One run of one program in a fresh folder; jitter moves each random draw by about a rounding error."""
        box = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        try:
            wanted: dict[str, object] = {
                "salt": salt,
                "carry": carry,
                "jitter": jitter,
                "probe": probe and asdict(probe),
            }
            return self._run(case, box, wanted)
        finally:
            remove(box)

    def _run(self, case: Case, box: Path, draws: dict[str, object]) -> Trace:
        work = box / "work"
        before = furnish(case, box, self.settings)
        job = self._job(case, box) | draws
        trace = Trace()
        answer = self._ask(job)
        read_events(box / "events", trace)
        trace.stderr = (box / "stderr").read_text(encoding="utf8", errors="replace")[-8000:]
        trace.tensorflow = trace.tensorflow or self.versions.get("tensorflow", "")
        trace.python = trace.python or self.versions.get("python", "")
        trace.status, trace.reason = answer["status"], ending(answer, trace, self.settings)
        trace.seconds, trace.memory = answer["seconds"], answer["memory"]
        trace.files = written(work, before)
        trace.clock = bool(CLOCK.search(case.text))
        trace.writer = bool(WRITER.search(case.text))
        return trace

    def _job(self, case: Case, box: Path) -> dict[str, Any]:
        settings = self.settings
        return {
            "mode": self.mode, "script": case.name, "box": str(box), "cwd": str(box / "work"),
            "events": str(box / "events"), "stdin": str(box / "stdin"), "stdout": str(box / "stdout"),
            "stderr": str(box / "stderr"), "args": settings.arguments, "env": dict(settings.environment),
            "stubs": settings.stubs, "network": settings.network, "timeout": settings.timeout,
            "memory": settings.memory, "shared": settings.shared_randomness, "device": self.device,
            "imports": self._imports(case),
        }  # fmt: skip

    def _imports(self, case: Case) -> list[str]:
        """The Keras that a program names beside that of its TensorFlow: it has to be there to be watched."""
        named = {n for text in (case.text, *(t for _, t in case.neighbours)) for n in KERAS.findall(text)}
        return sorted(named - ({"keras"} if self.mode != "new" else set()))

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        process = self._ready()
        assert process.stdin is not None
        assert process.stdout is not None
        line = b""
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            pass
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.stop()  # the next job starts another
        return {"status": 1, "signal": 9, "reason": "runner", "seconds": 0.0, "memory": 0}

    def launch(self) -> None:
        """Begins to import TensorFlow, and does not wait for it."""
        if self.process is None:
            self.versions = {}
            with (self.folder / "log").open("wb") as log:
                self.process = subprocess.Popen(
                    [self.python, "-s", str(RUNNER), str(self.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=log, cwd=self.folder, env=self._environment(), start_new_session=True,
                )  # fmt: skip

    def _ready(self) -> subprocess.Popen[bytes]:
        """The process, once it has imported TensorFlow."""
        self.launch()
        process = self.process
        assert process is not None
        assert process.stdout is not None
        if not self.versions:
            first = process.stdout.readline()
            if not first:
                self.stop()
                log = (self.folder / "log").read_text(encoding="utf8", errors="replace").strip()
                last = (log.splitlines() or ["no reason given"])[-1]
                raise RunnerError(f"{self.python} cannot run TensorFlow programs: {last}")
            self.versions = json.loads(first)
        return process

    def _environment(self) -> dict[str, str]:
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env.update(
            HOME=str(self.folder), TMPDIR=str(self.folder), PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1",
            OMP_NUM_THREADS="1", MPLBACKEND="Agg", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0",
            KERAS_BACKEND="tensorflow",
        )  # fmt: skip
        if self.mode != "new":
            env["TF_USE_LEGACY_KERAS"] = "1"
        if not self.device.startswith("gpu"):
            env["CUDA_VISIBLE_DEVICES"] = ""
        elif "CUDA_VISIBLE_DEVICES" in os.environ:
            env["CUDA_VISIBLE_DEVICES"] = os.environ["CUDA_VISIBLE_DEVICES"]
        return env


class RunnerError(Exception):
    """An interpreter that cannot run anything."""


def furnish(case: Case, box: Path, settings: Settings) -> dict[str, tuple[int, int]]:
    """The fresh folder of one run; what is in it before the program starts."""
    work = box / "work"
    for folder in (work, box / "home", box / "tmp"):
        folder.mkdir()
    for source in (case.folder, settings.data):
        if source is not None:
            copied(source, work)
    for name, text in (*case.neighbours, (case.name, case.text)):
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf8")
    (box / "stdin").write_text(settings.stdin, encoding="utf8")
    return listing(work)


def copied(source: Path, target: Path) -> None:
    """What stands beside a program. Raises `RunnerError` where that is too much, or cannot be read."""
    size = 0
    for folder, folders, names in os.walk(source, followlinks=True):
        left_out = too_much(folder, [*folders, *names])
        folders[:] = [name for name in folders if name not in left_out]
        size += sum(os.path.getsize(os.path.join(folder, name)) for name in names if name not in left_out)
        if size > MOST_BYTES:
            more = f"{source} holds more than {MOST_BYTES >> 20} MiB, which every run would copy"
            raise RunnerError(f"{more}: put the program into a folder of its own, with what it reads")
    try:
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=too_much, ignore_dangling_symlinks=True)
    except OSError as error:
        raise RunnerError(f"{source} cannot be copied: {error}") from None


def too_much(folder: str, names: list[str]) -> set[str]:
    """What is not copied: hidden and large files, caches, what may not be read, links upwards, and folders of runs."""
    temporary = os.path.realpath(folder) == os.path.realpath(tempfile.gettempdir())

    def skip(name: str) -> bool:
        path = os.path.join(folder, name)
        return (
            (name.startswith(".") or name in ("__pycache__", "node_modules"))
            or (temporary and name.startswith(FOLDER))
            or (os.path.islink(path) and f"{os.path.realpath(folder)}/".startswith(f"{os.path.realpath(path)}/"))
            or not (os.path.isdir(path) or os.path.isfile(path))
            or not os.access(path, os.R_OK)
            or (os.path.isfile(path) and os.path.getsize(path) > 5 * LARGEST_FILE)
        )

    return {name for name in names if skip(name)}


def remove(folder: Path) -> None:
    """A folder with whatever a program left in it: folders in folders without end, or such as nobody may enter."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
        if folder.exists():
            subprocess.run([*command, "--", folder], check=False, capture_output=True)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """The files, up to some thousands, with sizes and times."""
    found: dict[str, tuple[int, int]] = {}
    todo = [folder]
    while todo and len(found) < MOST_FILES:
        with suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    todo.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    stat = entry.stat()
                    found[Path(entry.path).relative_to(folder).as_posix()] = (stat.st_size, stat.st_mtime_ns)
    return found


def written(folder: Path, before: dict[str, tuple[int, int]]) -> dict[str, bytes]:
    """The files that a run made or changed, with what is in them where they are not too large, alone or together."""
    found: dict[str, bytes] = {}
    rest = 5 * LARGEST_FILE
    for name, stat in sorted(listing(folder).items()):
        if before.get(name) != stat:
            found[name] = b""
            if stat[0] <= min(rest, LARGEST_FILE):
                with suppress(OSError):  # it may not be read
                    found[name] = (folder / name).read_bytes()
                    rest -= stat[0]
    return found


def ending(answer: dict[str, Any], trace: Trace, settings: Settings) -> str:
    """Why a program was ended or ended itself out of turn, in words; "" for an end of its own."""
    reasons = {
        "time": f"it was ended after {settings.timeout:g} s",
        "memory": f"it used more than {settings.memory} MiB of memory",
        "processes": "it started more than 64 processes",
        "runner": "it ended the process that ran it",
    }
    if answer["reason"]:
        return reasons[answer["reason"]]
    if answer["signal"]:
        return f"it was ended by signal {answer['signal']}"
    if not trace.ended and trace.failure is None:
        if trace.left is not None:
            where = f" ({trace.left})" if trace.left.line else ""
            return f"it left with status {answer['status']} before its end could be seen, by os._exit{where}"
        last = (trace.stderr.strip().splitlines() or [""])[-1][:300]
        return f"it left with status {answer['status']} before its end could be seen" + (f" ({last})" if last else "")
    if trace.failure is None and answer["status"]:
        return f"it exits with status {answer['status']}"
    return ""
