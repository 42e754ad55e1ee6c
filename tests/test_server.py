"""The language server, spoken to by a client over standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tf2migrate import cli
from tf2migrate.apply import apply
from tf2migrate.editor import Checked, checked, difference
from tf2migrate.rulebook import pages

ROOT = Path(__file__).parents[1]
TF2 = "import tensorflow as tf\nx = '\U0001f600', tf.keras.optimizers.Adam(lr=0.1)\nm = tf.keras.Sequential()\n"
TF1 = "import tensorflow as tf\nx = tf.constant(1.0)\nwith tf.Session() as sess:\n    print(sess.run(x))\n"


class Client(LanguageClient):
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("test", "1")
        self.told: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.shown: asyncio.Queue[types.ShowMessageParams] = asyncio.Queue()

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _(params: types.PublishDiagnosticsParams) -> None:
            self.told.put_nowait(params)

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def _(params: types.ShowMessageParams) -> None:
            self.shown.put_nowait(params)

    async def open(self, path: Path, text: str) -> list[types.Diagnostic]:
        item = types.TextDocumentItem(path.as_uri(), "python", 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.diagnostics()

    async def diagnostics(self) -> list[types.Diagnostic]:
        return list((await asyncio.wait_for(self.told.get(), 30)).diagnostics)

    async def actions(self, path: Path, line: int, *only: str) -> dict[str, types.CodeAction]:
        place = types.Range(types.Position(line, 0), types.Position(line, 99))
        context = types.CodeActionContext([], only=list(only) or None)
        document = types.TextDocumentIdentifier(path.as_uri())
        found = await self.text_document_code_action_async(types.CodeActionParams(document, place, context))
        return {action.title: action for action in found or [] if isinstance(action, types.CodeAction)}


def talk(conversation: Callable[[Client], Awaitable[None]]) -> None:
    """Start a server, hold a conversation, and end the server as an editor does."""

    async def whole() -> None:
        client = Client()
        await client.start_io(sys.executable, "-m", "tf2migrate", "server", env={**os.environ, "PYTHONPATH": str(ROOT)})
        await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
        client.initialized(types.InitializedParams())
        try:
            await conversation(client)
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()

    asyncio.run(whole())


def after(text: str, action: types.CodeAction) -> str:
    """A text with an action's edits made, as a client makes them: places count UTF-16 units."""
    assert action.edit is not None
    assert action.edit.changes is not None
    (edits,) = action.edit.changes.values()
    lines = text.split("\n")

    def offset(place: types.Position) -> int:
        units = lines[place.line].encode("utf-16-le")[: 2 * place.character]
        return sum(len(line) + 1 for line in lines[: place.line]) + len(units.decode("utf-16-le"))

    for edit in sorted(edits, key=lambda edit: offset(edit.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def test_diagnostics_follow_the_text(tmp_path: Path) -> None:
    async def conversation(client: Client) -> None:
        path = tmp_path / "a.py"
        (found,) = await client.open(path, TF2)
        assert (found.code, found.source, found.severity) == ("TFM504", "tf2migrate", types.DiagnosticSeverity.Error)
        start, end = found.range.start, found.range.end
        line = TF2.split("\n")[1].encode("utf-16-le")
        assert line[2 * start.character : 2 * end.character].decode("utf-16-le") == "lr=0.1"
        change = types.TextDocumentContentChangeWholeDocument(TF2.replace("lr=", "learning_rate="))
        document = types.VersionedTextDocumentIdentifier(2, path.as_uri())
        client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        assert await client.diagnostics() == []
        assert len(await client.open(tmp_path / "b.py", "import tensorflow\nx = (\n")) == 1

    talk(conversation)


def test_quick_fixes_fix_one_finding_and_fix_all_fixes_all(tmp_path: Path) -> None:
    async def conversation(client: Client) -> None:
        path = tmp_path / "a.py"
        text = TF2 + "o = tf.keras.optimizers.SGD(lr=1)\n"
        await client.open(path, text)
        actions = await client.actions(path, 1)
        one = actions["TFM504: Write learning_rate=."]
        assert (one.kind, one.is_preferred) == (types.CodeActionKind.QuickFix, True)
        assert after(text, one) == text.replace("Adam(lr", "Adam(learning_rate")
        assert [d.code for d in one.diagnostics or []] == ["TFM504"]
        assert after(text, actions["Silence TFM504 here"]) == text.replace("0.1)\n", "0.1)  # noqa: TFM504\n")
        assert await client.actions(path, 2, "quickfix") == {}
        (every,) = (await client.actions(path, 2, "source.fixAll")).values()
        assert after(text, every) == text.replace("lr=", "learning_rate=")

    talk(conversation)


def test_a_program_of_tensorflow_1_is_migrated_whole_and_never_by_fix_all(tmp_path: Path) -> None:
    async def conversation(client: Client) -> None:
        path = tmp_path / "a.py"
        assert {d.code for d in await client.open(path, TF1)} == {"TFM199"}
        actions = await client.actions(path, 2)
        whole = actions["Migrate this program to TensorFlow 2"]
        assert after(TF1, whole) == "import tensorflow as tf\nx = tf.constant(1.0)\nprint(x.numpy())\n"
        assert await client.actions(path, 2, "source.fixAll") == {}

    talk(conversation)


def test_hover_shows_the_page_of_the_rule(tmp_path: Path) -> None:
    async def conversation(client: Client) -> None:
        path = tmp_path / "a.py"
        (found,) = await client.open(path, TF2)
        document = types.TextDocumentIdentifier(path.as_uri())
        hover = await client.text_document_hover_async(types.HoverParams(document, found.range.start))
        assert hover is not None
        assert isinstance(hover.contents, types.MarkupContent)
        assert hover.contents.value == pages()["TFM504"].prose
        assert hover.contents.value.startswith("# TFM504 renamed-argument-in-keras3\n\n**An argument is")
        assert "safety" not in hover.contents.value
        nothing = types.HoverParams(document, types.Position(0, 0))
        assert await client.text_document_hover_async(nothing) is None

    talk(conversation)


def test_settings_count_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    async def conversation(client: Client) -> None:
        settings, path = tmp_path / "pyproject.toml", tmp_path / "a.py"
        settings.write_text('[tool.tf2migrate]\nignore = ["TFM504"]\n')
        assert await client.open(path, TF2) == []
        settings.write_text("[tool.tf2migrate]\nselekt = 1\n")
        client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(path.as_uri())))
        told = await asyncio.wait_for(client.shown.get(), 30)
        assert "unknown key 'selekt'" in told.message

    talk(conversation)


def test_closing_takes_the_diagnostics_away(tmp_path: Path) -> None:
    async def conversation(client: Client) -> None:
        path = tmp_path / "a.py"
        assert await client.open(path, TF2)
        client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(path.as_uri())))
        assert await client.diagnostics() == []

    talk(conversation)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("venv/a.py", TF2),
        ("a.py", "import tensorflow as tf\nx = tf.keras.optimizers.Adam()\n"),
        ("a.py", "x = 1\n"),
        ("a.py", "# tf2migrate: skip-file\n" + TF2),
    ],
)
def test_what_is_left_out_or_clean_has_no_findings(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.tf2migrate]\n")
    assert checked(tmp_path / name, text) == Checked(text)


def test_line_ends_and_encodings_of_editors(tmp_path: Path) -> None:
    text = "# coding: latin-1\r\nimport tensorflow as tf\r\nx = tf.keras.optimizers.Adam(lr=0.1)  # \xe4\r\n"
    found = checked(tmp_path / "a.py", text)
    assert [f.code for f in found.findings] == ["TFM504"]
    assert found.whole is not None
    assert "learning_rate" in apply(found.text, found.whole.edits)[0]
    odd = checked(tmp_path / "a.py", text.replace("\xe4", "\u4e2d"))
    assert [f.code for f in odd.findings] in (["TFM504"], ["TFM001"])


@pytest.mark.parametrize(
    ("old", "new"), [("a\nb\nc", "a\nc"), ("a", "a\nb\n"), ("", "x"), ("x\n", ""), ("a\nb", "b\na")]
)
def test_a_difference_leads_from_one_to_the_other(old: str, new: str) -> None:
    assert apply(old, difference(old, new))[0] == new


@pytest.mark.parametrize(("command", "module"), [("server", "pygls"), ("verify", "numpy")])
def test_without_an_extra_a_command_says_what_to_install(
    command: str, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli, "import_module", missing)
    with pytest.raises(SystemExit) as ended:
        cli.main([command])
    assert ended.value.code == 2
    assert f"needs {module}: pip install 'tf2migrate[{command}]'" in capsys.readouterr().err
