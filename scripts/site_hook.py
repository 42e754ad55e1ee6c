"""What mkdocs shows: the pages at the places that they have in the repository, so that links hold in both."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from itertools import groupby
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

from tf2migrate.rulebook import pages

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "scripts"))
symbol_pages = import_module("symbol_pages")

SHOWN = ("*.md", "docs/**/*.md", "docs/**/*.svg", "docs/**/*.json", "rules/**/*.md")

#: The words behind a fence on a rule's page, and how they read.
ROLES = {"before": "Before", "after": "After", "same": "Nothing is said of", "found": "Found"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The rules in the navigation, by family; headings in Chinese have names, by which links find them."""
    families = groupby(pages().values(), key=lambda page: page.folder)
    grouped: dict[str, list[dict[str, str]]] = {}
    for folder, members in families:
        entries = [{f"{p.code} {p.slug}": f"rules/{folder}/{p.code}-{p.slug}.md"} for p in members]
        grouped.setdefault(folder, []).extend(entries)
    rules = ["rules/README.md", *({folder.capitalize(): entries} for folder, entries in grouped.items())]
    names = [f"api/{name}" for name in symbol_pages.pages()]
    rules.append({"Names of TensorFlow 1.15": names})
    config.mdx_configs["toc"] = {**config.mdx_configs.get("toc", {}), "slugify": slugify(case="lower")}
    config.nav = [{"Rules": rules} if entry == {"Rules": []} else entry for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the repository in the place of those of the docs folder alone."""
    for file in list(files.documentation_pages()):
        files.remove(file)
    for path in sorted({path for pattern in SHOWN for path in ROOT.glob(pattern)}):
        name = path.relative_to(ROOT).as_posix()
        if name in files.src_uris:
            files.remove(files.src_uris[name])
        files.append(File.generated(config, name, abs_src_path=str(path)))
    for name, text in symbol_pages.pages().items():
        files.append(File.generated(config, f"api/{name}", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A rule's page as people read it, and the limits with those that the README lists."""
    uri = page.file.src_uri
    if uri.startswith("rules/") and (code := Path(uri).name.split("-")[0]) in pages():
        return re.sub(r"^```python (\w+)[^\n]*$", _fence, pages()[code].prose, flags=re.MULTILINE)
    if uri == "docs/limits.md":
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        limits = re.search(r"^## Limits\n(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)
        assert limits is not None  # a test says that the section is there
        told = re.sub(r"\]\((?!http|#)", "](../", limits[1])
        return re.sub(r"<!-- README: Limits -->.*<!-- end -->", lambda _: told, markdown, flags=re.DOTALL)
    return markdown


def _fence(match: re.Match[str]) -> str:
    return f"{ROLES.get(match[1], match[1])}:\n\n```python"
