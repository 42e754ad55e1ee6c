"""Verdicts as one HTML file that needs nothing else: no script, no network."""

# ruff: noqa: E501 (text that is read as a whole)
from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from math import isfinite, log10

from tf2migrate.verify.report_text import glyph, summary
from tf2migrate.verify.verdict import Point, Status, Verdict

STYLE = """
:root{color-scheme:light dark;--link:#0969da;--ok:#1a7f37;--bad:#cf222e;--dim:#59636e;--line:#d1d9e0;--mark:#fff8c5;--bg:#fff;--fg:#1f2328;--gone:#ffebe9;--new:#dafbe1}
@media(prefers-color-scheme:dark){:root{--link:#4493f8;--ok:#3fb950;--bad:#f85149;--dim:#9198a1;--line:#3d444d;--mark:#4b3b0b;--bg:#0d1117;--fg:#f0f6fc;--gone:#4a1a1d;--new:#12361f}}
body{font:15px/1.5 system-ui,sans-serif;max-width:84rem;margin:0 auto;padding:1rem;background:var(--bg);color:var(--fg)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.2rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
td.mood,td.site{white-space:nowrap}.points code{overflow-wrap:anywhere}td.name{min-width:11rem}td.how{min-width:16rem}
.ok{color:var(--ok)}.bad{color:var(--bad)}.dim{color:var(--dim)}code,pre,.diff td{font:13px/1.4 ui-monospace,monospace}
.diff{table-layout:fixed}.diff td{white-space:pre-wrap;overflow-wrap:anywhere;border:0;padding:0 .4rem}.diff td.n{width:3.5rem;color:var(--dim);text-align:right}
.gone{background:var(--gone)}.new{background:var(--new)}.point{outline:2px solid var(--bad);outline-offset:-2px}.seen{background-image:linear-gradient(var(--ok),var(--ok));background-size:3px 100%;background-repeat:no-repeat}
svg{max-width:100%;height:auto}a{color:var(--link)}summary{cursor:pointer}summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:2px solid currentColor}.scroll{overflow-x:auto}
"""


def html(verdicts: Sequence[Verdict], command: str) -> str:
    """The report of one call."""
    body = "".join(_program(v, i) for i, v in enumerate(verdicts))
    rows = "".join(
        f'<tr><td><a href="#p{i}">{escape(v.name)}</a></td><td class="mood {_mood(v)}">{_sign(v)} {v.status}</td><td class="how">{escape(v.reason)}</td></tr>'
        for i, v in enumerate(verdicts)
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>tf2migrate verify</title><style>{STYLE}</style><main><h1>tf2migrate verify</h1><p>{escape(summary(verdicts))}.</p>"
        f'{_scroll("programs")}<table><thead><tr><th scope="col">program</th><th scope="col">verdict</th><th scope="col">why</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f"{body}<h2>Again</h2><pre>{escape(command)}</pre></main></html>\n"
    )


def _scroll(name: str) -> str:
    """The start of what may be wider than the window: reached and moved by keys, too."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">'


def _mood(verdict: Verdict) -> str:
    return "ok" if verdict.equivalent else "dim" if verdict.status in (Status.NOT_RUN, Status.NOT_COMPARABLE) else "bad"


def _sign(verdict: Verdict) -> str:
    return {"ok": "✔", "bad": "✘", "dim": "–"}[_mood(verdict)]


def _program(verdict: Verdict, index: int) -> str:
    points = sorted(verdict.points, key=lambda p: (not p.fails, p.order))
    curves = "".join(_curve(p) for p in points if len(p.curve) > 2)
    sides = "".join(
        f"<li>{name}: {escape(str(s))}, {s.seconds:.1f} s</li>"
        for name, s in (("old", verdict.old), ("new", verdict.new))
        if s.tensorflow
    )
    return (
        f'<section id="p{index}"><h2>{escape(verdict.name)}</h2><p class="{_mood(verdict)}">{_sign(verdict)} {verdict.status}: {escape(verdict.reason)}</p>'
        f"<ul>{sides}<li>salts: {', '.join(map(str, verdict.salts)) or 'none'}</li><li>devices: {escape(', '.join(verdict.ran) or 'none')}</li></ul>"
        f"<details{' open' if verdict.failing else ''}><summary>{len(points)} points</summary>{_points(points, verdict.name)}</details>"
        f"<details><summary>errors over time</summary>{curves or '<p>No point was seen often enough.</p>'}</details>"
        f"<details{' open' if verdict.failing else ''}><summary>old and new</summary>{_diff(verdict)}</details></section>"
    )


def _points(points: Sequence[Point], name: str) -> str:
    rows = "".join(
        f'<tr><td class="mood {"bad" if p.fails else "ok" if p.counts else "dim"}">{glyph(p.judgement)} {p.judgement}</td>'
        f'<td class="name">{p.kind} <code>{escape(p.name)}</code></td><td class="how">{escape(p.detail)}</td>'
        f'<td class="site">{p.old or ""}</td><td class="site">{p.new or ""}</td><td>{p.times}</td>'
        f"<td>{'' if p.first is None else p.first + 1}</td><td>{p.max_abs:.2g}</td><td>{p.max_rel:.2g}</td><td>{_ratio(p)}</td></tr>"
        for p in points
    )
    heads = ("judgement", "point", "how", "old", "new", "times", "first", "abs", "rel", "time new/old")
    columns = "".join(f'<th scope="col">{h}</th>' for h in heads)
    return f'{_scroll(f"points of {name}")}<table class="points"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>'


def _ratio(point: Point) -> str:
    return f"{point.seconds[1] / max(point.seconds[0], 1e-9):.2f}" if point.seconds else ""


def _curve(point: Point) -> str:
    """The relative difference of a point, time by time, on a logarithmic scale."""
    width, height = 640, 120
    errors = [abs(a - b) / max(abs(a), 1e-12) for a, b in point.curve if isfinite(a) and isfinite(b)]
    if not errors or max(errors) == 0:
        return f"<p><code>{escape(point.name)}</code>: no difference at any of {len(point.curve)} times.</p>"
    heights = [height - 10 - (height - 20) * (min(max(log10(max(e, 1e-10)), -10), 0) + 10) / 10 for e in errors]
    across = (width - 80) / max(len(errors) - 1, 1)
    line = " ".join(f"{60 + i * across:.1f},{y:.1f}" for i, y in enumerate(heights))
    return (
        f'<figure><svg viewBox="0 0 {width} {height}" role="img" aria-label="relative difference of {escape(point.name)}, at most {max(errors):.1e}">'
        f'<text x="2" y="14" fill="currentColor" font-size="11">1e+0</text><text x="2" y="{height - 6}" fill="currentColor" font-size="11">1e-10</text>'
        f'<polyline fill="none" stroke="var(--{"bad" if point.fails else "ok"})" stroke-width="2" points="{line}"/></svg>'
        f"<figcaption>{point.kind} <code>{escape(point.name)}</code>: relative difference, at most {max(errors):.1e}, {len(errors)} times</figcaption></figure>"
    )


def _diff(verdict: Verdict) -> str:
    old, new = verdict.old_text.splitlines(), verdict.new_text.splitlines()
    failing = lines_of(verdict.failing)
    seen = lines_of(verdict.points)

    def cell(lines: list[str], at: int | None, side: int, kind: str) -> str:
        if at is None:
            return '<td class="n"></td><td></td>'
        marks = " point" if at + 1 in failing[side] else " seen" if at + 1 in seen[side] else ""
        sign = "≠ " if "point" in marks else {"gone": "− ", "new": "+ "}.get(kind, "")
        return f'<td class="n">{sign}{at + 1}</td><td class="{kind}{marks}">{escape(lines[at])}</td>'

    rows = "".join(
        f"<tr>{cell(old, a, 0, 'gone' if changed else '')}{cell(new, b, 1, 'new' if changed else '')}</tr>"
        for a, b, changed in _aligned(old, new)
    )
    return f'{_scroll(f"old and new {verdict.name}")}<table class="diff"><colgroup><col style="width:3.5rem"><col><col style="width:3.5rem"><col></colgroup>{rows}</table></div>'


def lines_of(points: Sequence[Point]) -> tuple[set[int], set[int]]:
    """The lines that points stand on, in the old and in the new program."""
    return {p.old.line for p in points if p.old}, {p.new.line for p in points if p.new}


def _aligned(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int | None, bool]]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for i in range(max(b - a, d - c)):
            yield (a + i if a + i < b else None, c + i if c + i < d else None, tag != "equal")
