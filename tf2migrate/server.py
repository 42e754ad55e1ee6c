"""`tf2migrate server`: a language server with diagnostics, quick fixes and the rules' pages, over standard input."""

from __future__ import annotations

import asyncio
import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from tf2migrate import __version__
from tf2migrate.config import ConfigError
from tf2migrate.editor import Checked, Fix, checked
from tf2migrate.model import Finding
from tf2migrate.report.places import Level, level
from tf2migrate.rulebook import pages

#: Seconds without a keystroke before a text is looked at.
DELAY = 0.2

SOURCE = "tf2migrate"
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"

_SEVERITIES = {
    Level.ERROR: types.DiagnosticSeverity.Error,
    Level.WARNING: types.DiagnosticSeverity.Warning,
    Level.NOTE: types.DiagnosticSeverity.Information,
}
_WORD = re.compile(r"[\w.]+|.")


@dataclass(frozen=True, slots=True)
class Known:
    """What was found in one version of a document."""

    version: int | None
    checked: Checked
    places: Places

    def of(self, finding: Finding) -> types.Diagnostic:
        """A finding as the protocol has it."""
        return types.Diagnostic(
            range=self.places.range_of(finding),
            message=f"{finding.message}{'. ' if finding.advice else ''}{finding.advice}",
            severity=_SEVERITIES[level(finding.code)],
            code=finding.code,
            source=SOURCE,
        )

    def near(self, wanted: types.Range) -> list[Finding]:
        """The findings that a range touches."""
        return [f for f in self.checked.findings if _touch(self.places.range_of(f), wanted)]


class Places:
    """The way from places in a text to those of the protocol, which counts in units of its client's choice."""

    def __init__(self, text: str, document: TextDocument) -> None:
        self._lines, self._units = text.split("\n"), document.position_codec.client_num_units
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def at(self, line: int, column: int) -> types.Position:
        """A place, both counted from 1, in characters."""
        return types.Position(line - 1, self._units(self._lines[line - 1][: column - 1]))

    def at_offset(self, offset: int) -> types.Position:
        """The place of an offset into the text."""
        line = bisect.bisect_right(self._starts, offset)
        if line > len(self._lines):
            return self.at(len(self._lines), len(self._lines[-1]) + 1)
        return self.at(line, offset - self._starts[line - 1] + 1)

    def range_of(self, finding: Finding) -> types.Range:
        """Where a finding stands; one without an end reaches to that of its word."""
        start = self.at(finding.line, finding.column)
        if finding.end_line:
            return types.Range(start, self.at(finding.end_line, finding.end_column))
        word = _WORD.match(self._lines[finding.line - 1], finding.column - 1)
        return types.Range(start, self.at(finding.line, (word.end() if word else finding.column - 1) + 1))


class Server(LanguageServer):
    """The server, and what it knows of the open documents."""

    def __init__(self) -> None:
        super().__init__(SOURCE, __version__)
        self.known: dict[str, Known] = {}

    async def look(self, uri: str) -> Known | None:
        """Check a document unless this version of it is known; None where that cannot be done."""
        document = self.workspace.get_text_document(uri)
        path = to_fs_path(uri)
        known = self.known.get(uri)
        if path is None or not path.endswith(".py"):
            return None
        if known is not None and known.version == document.version:
            return known
        version, source = document.version, document.source
        try:
            result = await asyncio.to_thread(checked, Path(path), source)
        except ConfigError as error:
            message = types.ShowMessageParams(types.MessageType.Error, f"tf2migrate: {error}")
            self.window_show_message(message)
            return None
        self.known[uri] = Known(version, result, Places(result.text, document))
        return self.known[uri]

    async def publish(self, uri: str) -> None:
        """Tell the client what is found."""
        known = await self.look(uri)
        if known is not None and uri in self.workspace.text_documents:
            diagnostics = [known.of(finding) for finding in known.checked.findings]
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, known.version))


def serve() -> Server:
    """A server that answers."""
    server = Server()
    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite, FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        await server.publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        uri, version = params.text_document.uri, params.text_document.version
        await asyncio.sleep(DELAY)
        if server.workspace.get_text_document(uri).version == version:
            await server.publish(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.known.pop(params.text_document.uri, None)  # the settings may have changed
        await server.publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.known.pop(params.text_document.uri, None)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        known = await server.look(params.text_document.uri)
        wanted = params.context.only
        found = _actions(params.text_document.uri, known, params.range) if known else ()
        return [action for action in found if wanted is None or any(_is_kind(action, kind) for kind in wanted)]

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        known = await server.look(params.text_document.uri)
        near = known.near(types.Range(params.position, params.position)) if known else []
        texts = [pages()[code].prose for code in dict.fromkeys(f.code for f in near) if code in pages()]
        if not texts:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "\n---\n\n".join(texts)))

    return server


def _actions(uri: str, known: Known, wanted: types.Range) -> Iterator[types.CodeAction]:
    near = known.near(wanted)
    for fix in known.checked.fixes:
        diagnostics = [known.of(f) for f in near if fix.finding and _same(f, fix.finding)]
        if diagnostics:
            yield _action(uri, known, fix, types.CodeActionKind.QuickFix, diagnostics)
    whole = known.checked.whole
    if whole is not None:
        fixable = [known.of(finding) for finding in near if finding.fixable]
        if whole.title.startswith("Migrate"):  # never by a "fix all" on saving: it changes the whole program
            yield _action(uri, known, whole, types.CodeActionKind.RefactorRewrite, fixable)
        else:
            yield _action(uri, known, whole, FIX_ALL, fixable)


def _action(
    uri: str, known: Known, fix: Fix, kind: types.CodeActionKind | str, diagnostics: Sequence[types.Diagnostic]
) -> types.CodeAction:
    edits = [
        types.TextEdit(
            types.Range(known.places.at_offset(edit.span.start), known.places.at_offset(edit.span.end)), edit.text
        )
        for edit in fix.edits
    ]
    return types.CodeAction(
        title=fix.title,
        kind=kind,
        diagnostics=list(diagnostics),
        is_preferred=fix.safe and fix.finding is not None,
        edit=types.WorkspaceEdit(changes={uri: edits}),
    )


def _is_kind(action: types.CodeAction, wanted: types.CodeActionKind | str) -> bool:
    """Whether an action is of a kind, or of one below it."""
    own, asked = (kind.value if isinstance(kind, types.CodeActionKind) else kind for kind in (action.kind, wanted))
    return own == asked or str(own).startswith(f"{asked}.")


def _same(one: Finding, other: Finding) -> bool:
    return (one.line, one.column, one.code) == (other.line, other.column, other.code)


def _touch(one: types.Range, other: types.Range) -> bool:
    return _pair(one.start) <= _pair(other.end) and _pair(other.start) <= _pair(one.end)


def _pair(position: types.Position) -> tuple[int, int]:
    return position.line, position.character


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--stdio", is_flag=True, help="Speak over standard input and output; the default.")
def server(stdio: bool) -> None:
    """A language server: findings while you type, quick fixes, and the rules' pages where the mouse rests."""
    serve().start_io()
