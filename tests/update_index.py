"""Writes the index of rules/README.md anew: `python tests/update_index.py`."""

from pathlib import Path

from tf2migrate.rulebook import index

README = Path(__file__).parents[1] / "rules" / "README.md"

if __name__ == "__main__":
    prose, _, _ = README.read_text(encoding="utf-8").partition("| code | name |")
    README.write_text(prose + index(), encoding="utf-8")
