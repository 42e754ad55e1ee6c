"""The pages of rules/: each rule's metadata, manual and examples, found in the wheel or beside the package."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

#: What a rule does: the folders of rules/, and what a page in each may say of itself.
KINDS = ("file", "rename", "rewrite", "lint", "lifting", "refusal", "compat")

#: exact: the same numbers; close: equal up to rounding or random draws; review: a person must look.
SAFETIES = ("exact", "close", "review")

_TITLE = re.compile(r"# (?P<code>TFM\d{3}) (?P<slug>[a-z0-9-]+)\n")
_METADATA = re.compile(r"^```toml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(
    r"^```python (?P<role>\w+)(?: (?P<claim>(?:raises|prints)[^\n]*))?\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"# found: (?P<code>TFM\d{3})\s*$")


class Malformed(ValueError):
    """A page that does not have the form of a page: a defect of rules/."""


@dataclass(frozen=True, slots=True)
class Example:
    """One claim of a page: `before` becomes `after`, in which the `# found:` marks are what remains to be said.

    `shows` and `then` are what TensorFlow makes of the two, as the fence says: "raises ValueError", "prints 1", or "".
    """

    before: str
    after: str
    shows: str = ""
    then: str = ""

    @property
    def marks(self) -> tuple[tuple[str, int], ...]:
        """The code and line of each finding that is left in `after`."""
        lines = enumerate(self.after.split("\n"), 1)
        return tuple((mark["code"], number) for number, line in lines if (mark := _MARK.search(line)))


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of its rule. The fields are the keys of its toml block."""

    kind: str
    safety: str
    summary: str


@dataclass(frozen=True, slots=True)
class Page:
    """One rule."""

    code: str
    slug: str
    folder: str
    metadata: Metadata
    text: str

    @property
    def prose(self) -> str:
        """The page as people read it: its summary in the place of its metadata."""
        return _METADATA.sub(lambda _: f"**{self.metadata.summary}**", self.text, count=1)

    def examples(self) -> Iterator[Example]:
        """What the page claims: each `before` with the `after` below it; `same` and `found` stand alone.

        Raises `Malformed` for another word behind a fence, and for a `before` without `after`.
        """
        before: str | None = None
        shown = ""
        for fence in _FENCE.finditer(self.text):
            role, code = fence["role"], fence["code"]
            claim = fence["claim"] or ""
            if (role == "after") != (before is not None) or role not in ("before", "after", "same", "found"):
                raise Malformed(f"{self.code}: the fence `python {role}` is out of place")
            if role == "before":
                before, shown = code, claim
            elif before is not None:
                yield Example(before, code, shown, claim)
                before = None
            else:
                yield Example(code, code, claim)
        if before is not None:
            raise Malformed(f"{self.code}: the last `before` has no `after`")


def rules_folder() -> Traversable:
    """The rules as shipped inside the wheel, or those beside the package in a checkout."""
    shipped = files(__package__) / "rules"
    return shipped if shipped.is_dir() else Path(__file__).parents[1] / "rules"


@cache
def pages() -> Mapping[str, Page]:
    """Every page by its code, in order. Raises `Malformed`."""
    found: dict[str, Page] = {}
    for folder in (entry for entry in rules_folder().iterdir() if entry.is_dir()):
        for entry in folder.iterdir():
            if entry.name.startswith("TFM") and entry.name.endswith(".md"):
                page = read_page(entry.name, folder.name, entry.read_text(encoding="utf-8"))
                if page.code in found:
                    raise Malformed(f"{page.code} has two pages")
                found[page.code] = page
    return MappingProxyType(dict(sorted(found.items())))


def read_page(name: str, folder: str, text: str) -> Page:
    """A page from its file. Raises `Malformed` where title, name and metadata do not agree with each other."""
    title, block = _TITLE.match(text), _METADATA.search(text)
    if title is None or block is None:
        raise Malformed(f"{name}: a page begins with a title and a toml block")
    if name != f"{title['code']}-{title['slug']}.md":
        raise Malformed(f"{name}: the title says {title['code']} {title['slug']}")
    try:
        metadata = Metadata(**tomllib.loads(block["text"]))
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise Malformed(f"{name}: {error}") from None
    if metadata.kind not in KINDS or metadata.safety not in SAFETIES:
        raise Malformed(f"{name}: kind {metadata.kind}, safety {metadata.safety}")
    return Page(title["code"], title["slug"], folder, metadata, text)


def index() -> str:
    """The table of all pages, as it stands in rules/README.md."""
    rows = [
        f"| [{page.code}]({page.folder}/{page.code}-{page.slug}.md) | {page.slug} | {page.metadata.kind} "
        f"| {page.metadata.safety} | {page.metadata.summary} |"
        for page in pages().values()
    ]
    return (
        "\n".join(["| code | name | kind | safety | what it is about |", "| --- | --- | --- | --- | --- |", *rows])
        + "\n"
    )
