"""Reports in a real browser: light and dark, without a mouse, without a network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import CHROMIUM, Page

from tf2migrate.verify.report_html import html
from tf2migrate.verify.trace import Site
from tf2migrate.verify.verdict import Judgement, Point, Side, Status, Verdict

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

OLD = "import tensorflow as tf\n\nx = tf.constant(2.0)\nwith tf.Session() as sess:\n    print(sess.run(x))\n"
NEW = "import tensorflow as tf\n\nx = tf.constant(3.0)\nprint(x.numpy()" + "  # a line that is long" * 20 + ")\n"
SIDE = Side("2.21.0", "3.11.7", ("CPU 0",), 1.5, 1 << 20)

#: For each text that can be seen its contrast with what is behind it, as WCAG defines it.
CONTRAST = """(() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const parts = color => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    const light = p => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => {
        const c = p[i] / 255;
        return sum + share * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    }, 0);
    const behind = e => {
        for (; e; e = e.parentElement) {
            const found = parts(getComputedStyle(e).backgroundColor);
            if (found[3] === 255) return found;
        }
        return parts('white');
    };
    const found = {};
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const e = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || e.closest('style, title') || !e.checkVisibility()) continue;
        const style = getComputedStyle(e);
        const color = e.closest('svg') && style.fill !== 'none' ? style.fill : style.color;
        const both = [light(parts(color)), light(behind(e))].sort((a, b) => b - a);
        const ratio = (both[0] + 0.05) / (both[1] + 0.05);
        const key = e.tagName + '.' + e.className;
        if (!(found[key] < ratio)) found[key] = ratio;
    }
    return found;
})()"""


def verdicts() -> list[Verdict]:
    """One that is equivalent, one that is different, and one that was not run."""
    curve = tuple((1.0, 1.0 + 1e-6 * 2**i) for i in range(12))
    points = (
        Point("value", "loss", Judgement.DIFFERENT, Site("old.py", 5), Site("new.py", 4), 12, 3, 1e-3, 1e-3,
              "2 became 3", curve=curve, seconds=(1e-3, 2e-3)),
        Point("run", "a/name/that/is/quite/long/" * 4, Judgement.EQUAL, Site("old.py", 3), Site("new.py", 3)),
        Point("run", "fetch 1", Judgement.MISSING, Site("old.py", 5), counts=False, detail="no line returns it"),
    )  # fmt: skip
    equal = tuple(p for p in points if not p.fails)
    return [
        Verdict("a.py", Status.EQUIVALENT, "2 points agree", equal, SIDE, SIDE, OLD, OLD, (7,), ("cpu",)),
        Verdict("b <&>.py", Status.DIFFERENT, str(points[0]), points, SIDE, SIDE, OLD, NEW, (7,), ("cpu",)),
        Verdict.not_run("c.ipynb", "the migration changes nothing in it"),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("browser")
    (folder / "report.html").write_text(html(verdicts(), "tf2migrate verify src"), encoding="utf8")
    with Page(folder / "profile") as found:
        found.size(1200, 900)
        found.open((folder / "report.html").as_uri())
        yield found


def test_nothing_is_asked_for_and_nothing_complained_about(page: Page) -> None:
    assert page.find("document.title") == "tf2migrate verify"
    assert page.find("document.querySelectorAll('section').length") == 3
    assert [url for url in page.requests if not url.startswith("file:")] == []
    assert len(page.requests) == 1
    assert page.complaints == []


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(13, 17, 23)")])
def test_every_text_can_be_read(page: Page, scheme: str, background: str) -> None:
    page.prefer(scheme)
    page.find("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.find("getComputedStyle(document.body).backgroundColor") == background
    found = page.find(CONTRAST)
    assert {"H1.", "A.", "TD.n", "text."} <= {key.replace("[object SVGAnimatedString]", "") for key in found}
    assert {key: ratio for key, ratio in found.items() if ratio < 4.5} == {}  # what WCAG 2.2 asks of texts (AA)


@pytest.mark.parametrize("width", [1200, 375])
def test_only_tables_are_wider_than_the_window(page: Page, width: int) -> None:
    page.size(width, 900)
    page.find("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.find("document.scrollingElement.scrollWidth") <= width


def test_all_is_reached_by_keys(page: Page) -> None:
    page.size(1200, 900)
    page.find("document.querySelectorAll('details').forEach(d => d.open = false); scrollTo(0, 0)")
    page.find("document.activeElement.blur()")
    reached = []
    for _ in range(40):
        page.press("Tab", 9)
        what = page.find("document.activeElement.tagName + ' ' + document.activeElement.textContent.slice(0, 9)")
        if what.startswith("BODY") or page.find("'reached' in document.activeElement.dataset"):
            break
        page.find("document.activeElement.dataset.reached = ''")
        assert page.find("getComputedStyle(document.activeElement).outlineStyle") == "solid", what
        reached.append(what)
    program = ["SUMMARY errors ov", "SUMMARY old and n"]
    links = ["A a.py", "A b <&>.py", "A c.ipynb"]
    points = [f"SUMMARY {n} points" for n in (2, 3, 0)]
    assert reached == ["DIV programve", *links, *(s for p in points for s in (p, *program))]


def test_keys_follow_links_and_open_details(page: Page) -> None:
    page.find("document.querySelectorAll('details').forEach(d => d.open = false); scrollTo(0, 0)")
    page.find("document.querySelector('a[href=\"#p1\"]').focus()")
    page.press("Enter", 13, "\r")
    assert page.find("location.hash") == "#p1"
    page.press("Tab", 9)  # goes on from where the link led
    assert page.find("document.activeElement.parentElement === document.querySelector('#p1 details')")
    page.press("Enter", 13, "\r")
    assert page.find("document.querySelector('#p1 details').open")
    page.press("Tab", 9)
    assert page.find("document.activeElement.getAttribute('aria-label')") == "points of b <&>.py"


def test_what_differs_is_told_without_colours(page: Page) -> None:
    page.find("document.querySelectorAll('details').forEach(d => d.open = true)")
    texts = page.find("[...document.querySelectorAll('#p1 .diff .n')].map(n => n.innerText).filter(t => t)")
    assert {"≠ 5", "≠ 4", "− 3", "+ 3", "1"} <= set(texts)
    assert page.find("document.querySelector('#p1 svg').getAttribute('aria-label')").startswith("relative difference")
    assert page.find("[...document.querySelectorAll('th')].every(h => h.innerText && h.scope)")
