"""Precision and recall of the lints on the labelled cases: `python tests/lint/measure.py`.

A case begins with `=== name` in `cases/*.txt`. A line that is wrong ends in `# found: TFM301` (several codes with
commas); one that is wrong, and known not to be found, in `# missed: TFM301`. `ways.txt` holds ways in which a function
comes to be traced, or not, with EFFECT in the place of each of `EFFECTS`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tf2migrate.facts.program import Program
from tf2migrate.lint import lint
from tf2migrate.model import Options

CASES = Path(__file__).parent / "cases"

_HEAD = "import functools\nimport numpy as np\nimport tensorflow as tf\n"
_MARK = re.compile(r"# (?P<what>found|missed): (?P<codes>TFM\d{3}(?:, TFM\d{3})*)\s*$")

#: A statement that is wrong in traced code, and what is said of it.
EFFECTS = (
    ("print('step')", "TFM301"),
    ("seen.append(1)", "TFM303"),
    ("open('log.txt')", "TFM307"),
    ("t = time.time()", "TFM308"),
    ("r = np.random.rand(3)", "TFM308"),
    ("v = tf.Variable(1.0)", "TFM321"),
    ("n = float(np.sum(tf.ones([3])))", "TFM342"),
)


@dataclass(frozen=True)
class Case:
    """A program, the places (line and code) that are wrong, and those of them that are known to be missed."""

    name: str
    text: str
    wrong: frozenset[tuple[int, str]]
    missed: frozenset[tuple[int, str]]

    def found(self) -> frozenset[tuple[int, str]]:
        """What the lints say; the rules that speak when selected are asked where a label names them."""
        asked = tuple({code for _, code in self.wrong if code.startswith("TFM6")})
        options = Options(extend_select=asked)
        return frozenset((f.line, f.code) for f in lint(Program(self.text), options).findings)


def case(name: str, text: str) -> Case:
    """A case from its text, with the usual imports above it where it has none of TensorFlow."""
    text = text if "import tensorflow" in text or "from tensorflow" in text else _HEAD + text
    places: dict[str, set[tuple[int, str]]] = {"found": set(), "missed": set()}
    for number, line in enumerate(text.split("\n"), 1):
        mark = _MARK.search(line)
        if mark is not None:
            places[mark["what"]] |= {(number, code) for code in mark["codes"].split(", ")}
    return Case(name, text, frozenset(places["found"] | places["missed"]), frozenset(places["missed"]))


def cases() -> list[Case]:
    """Every labelled case."""
    found = []
    for path in sorted(CASES.glob("*.txt")):
        for part in re.split(r"(?m)^=== ", path.read_text(encoding="utf-8"))[1:]:
            name, _, text = part.partition("\n")
            if path.stem != "ways":
                found.append(case(f"{path.stem}: {name}", text))
                continue
            for effect, code in EFFECTS:
                lines = [line.replace("EFFECT", effect) for line in text.split("\n")]
                marked = "\n".join(
                    line.replace("# found", f"# found: {code}") if "# found" in line else line for line in lines
                )
                head = "import time\n" + _HEAD + "seen = []\n"
                found.append(case(f"{name}, {code}: {effect}", head + marked))
    return found


def main() -> None:
    """Print what is found, missed and wrongly said, by rule and in all."""
    every = cases()
    right, missed, false = Counter[str](), Counter[str](), Counter[str]()
    for each in every:
        found = each.found()
        right.update(code for _, code in found & each.wrong)
        missed.update(code for _, code in each.wrong - found)
        false.update(code for _, code in found - each.wrong)
        for line, code in sorted(found - each.wrong):
            print(f"wrongly said: {each.name}, line {line}: {code}")
        for line, code in sorted(each.wrong - found):
            print(f"missed: {each.name}, line {line}: {code}")
    for code in sorted({*right, *missed, *false}):
        print(f"{code}: {right[code]} found, {missed[code]} missed, {false[code]} wrongly said")
    good, bad, lost = (sum(c.values()) for c in (right, false, missed))
    clean = sum(not each.wrong for each in every)
    print(f"{len(every)} cases, {clean} of them with nothing to say; {len({*right, *missed})} rules")
    print(f"precision {good / (good + bad):.3f}, recall {good / (good + lost):.3f}")


if __name__ == "__main__":
    main()
