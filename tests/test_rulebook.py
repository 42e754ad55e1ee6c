"""rules/ as data: one page per code, one function per page, an index that is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate import rulebook
from tf2migrate.rewrites import RULES
from tf2migrate.rulebook import Malformed, index, pages, read_page

ROOT = Path(__file__).parents[1]
PAGE = '# TFM299 an-example\n\n```toml\nkind = "rewrite"\nsafety = "exact"\nsummary = "It is."\n```\n'


def test_every_markdown_file_below_rules_is_a_page() -> None:
    files = {path.stem for path in (ROOT / "rules").rglob("*.md") if path.name != "README.md"}
    assert files == {f"{page.code}-{page.slug}" for page in pages().values()}


def test_every_page_has_a_kind_that_fits_its_folder() -> None:
    folders = {"file": "files", "rename": "renames", "rewrite": "rewrites", "lint": "lints"}
    folders |= {"lifting": "lifting", "refusal": "refusals", "compat": "compat"}
    assert {page.code: page.folder for page in pages().values()} == {
        page.code: folders[page.metadata.kind] for page in pages().values()
    }


def test_every_rewrite_has_a_page_and_a_function_of_its_name() -> None:
    written = {page.code: page.slug.replace("-", "_") for page in pages().values() if page.metadata.kind == "rewrite"}
    assert written == {code: getattr(rule, "__name__", "") for code, rule in RULES.items()}


def test_every_rewrite_shows_an_example() -> None:
    assert [p.code for p in pages().values() if p.metadata.kind == "rewrite" and not list(p.examples())] == []


def test_the_index_is_up_to_date() -> None:
    """`python tests/update_index.py` writes it anew."""
    assert index() in (ROOT / "rules" / "README.md").read_text(encoding="utf-8")


def test_the_rules_are_found_in_an_installed_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "rules" / "rewrites").mkdir(parents=True)
    monkeypatch.setattr(rulebook, "files", lambda package: tmp_path)
    assert rulebook.rules_folder() == tmp_path / "rules"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("TFM299-another.md", PAGE, "the title says TFM299 an-example"),
        ("TFM299-an-example.md", "# TFM299 an-example\n", "a title and a toml block"),
        ("TFM299-an-example.md", PAGE.replace("summary", "sumary"), "sumary"),
        ("TFM299-an-example.md", PAGE.replace("exact", "sure"), "safety sure"),
        ("TFM299-an-example.md", PAGE.replace('"rewrite"', "rewrite"), "Invalid value"),
    ],
)
def test_a_page_that_is_none_is_refused(name: str, text: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_page(name, "rewrites", text)


def test_a_code_belongs_to_one_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("rewrites", "lints"):
        (tmp_path / "rules" / folder).mkdir(parents=True)
        (tmp_path / "rules" / folder / "TFM299-an-example.md").write_text(PAGE)
    monkeypatch.setattr(rulebook, "files", lambda package: tmp_path)
    with pytest.raises(Malformed, match="TFM299 has two pages"):
        rulebook.pages.__wrapped__()


def fence(role: str, code: str) -> str:
    return f"```python {role}\n{code}\n```\n"


def test_examples_and_their_marks() -> None:
    text = PAGE + fence("before", "a") + fence("after", "b  # found: TFM102") + fence("same", "c")
    first, second = read_page("TFM299-an-example.md", "rewrites", text).examples()
    assert (first.before, first.after, first.marks) == ("a\n", "b  # found: TFM102\n", (("TFM102", 1),))
    assert (second.before, second.after, second.marks) == ("c\n", "c\n", ())


@pytest.mark.parametrize(
    "fences",
    [
        fence("before", "a"),
        fence("after", "a"),
        fence("before", "a") + fence("same", "b"),
        fence("example", "a"),
        fence("before", "a") + fence("before", "a") + fence("after", "b"),
    ],
)
def test_a_fence_out_of_place_is_refused(fences: str) -> None:
    page = read_page("TFM299-an-example.md", "rewrites", PAGE + fences)
    with pytest.raises(Malformed, match="TFM299"):
        list(page.examples())
