"""Both programs, run up to what they save."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tf2migrate.checkpoint.convert import NotConverted, Template
from tf2migrate.checkpoint.names import Entry, Unpaired, pair
from tf2migrate.verify.sandbox import Mode, RunnerError, Server
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.sources import NoProgram, migrated
from tf2migrate.verify.sources import pair as both

INSIDE = Path(__file__).with_name("inside.py")
_NAME, _WANTED, _SEEN = "tf2migrate_inside.py", "tf2migrate_wanted.json", "tf2migrate_seen.json"


def entries(
    names: Sequence[str], program: Path, rewritten: Path | None, given: Mapping[str, str], settings: Settings
) -> tuple[Template, list[Entry]]:
    """What the new program saves, and where each old name goes in it. RUNS both programs. Raises `NotConverted`."""
    settings = replace(settings, shared_randomness=False)
    try:
        sides = both(program, rewritten, settings) if rewritten is not None else migrated(program, settings)
        if rewritten is None and sides.old.text == sides.new.text:
            what = f"{program} is not rewritten: `tf2migrate {program}` says why"
            raise NotConverted(f"{what}; --rewritten names a program of your own hand")
        old = _seen("old", sides.old, {"names": list(names)}, settings)
        if old["fits"] is None:
            raise NotConverted(_misfit(names, old))
        new = _seen("new", sides.new, {"savers": old["savers"], "fits": old["fits"]}, settings)
        if not new["checkpoints"]:
            raise NotConverted("the new program makes no tf.train.Checkpoint")
        found = pair(old, new, given)
    except (NoProgram, RunnerError, Unpaired) as error:
        raise NotConverted(str(error)) from None
    first = {key: v["first"] for v in new["variables"] for key in v["keys"]}
    first |= {key: 1 for key in new["shapes"] if key.startswith("save_counter/")}
    shapes = {key: (shape, dtype) for key, (shape, dtype) in new["shapes"].items()}
    return Template(base64.b64decode(new["graph"]), shapes, first), found


def _seen(mode: Mode, case: Case, wanted: dict[str, Any], settings: Settings) -> Any:
    """What one side tells."""
    asked = json.dumps(wanted | {"script": case.name, "side": mode})
    beside = (*case.neighbours, (case.name, case.text), (_WANTED, asked))
    server = Server(mode, settings)
    try:
        trace = server.run(replace(case, text=INSIDE.read_text(encoding="utf8"), name=_NAME, neighbours=beside))
    finally:
        server.close()
    if _SEEN not in trace.files:
        failure = trace.failure
        why = f"{failure.kind}: {failure.message}" if failure is not None else trace.reason
        raise NotConverted(f"the {mode} program does not come to what it saves: {why}")
    return json.loads(trace.files[_SEEN])


def _misfit(names: Sequence[str], old: Any) -> str:
    """Why no saver of the program fits the checkpoint."""
    if not old["savers"]:
        return "the old program makes no tf.train.Saver"
    fewest = min(old["names"], key=lambda saved: len(set(saved) - set(names)))
    missing = sorted(set(fewest) - set(names))
    return f"the old program saves {', '.join(missing[:5])}, which the checkpoint has not: it is of another program"
