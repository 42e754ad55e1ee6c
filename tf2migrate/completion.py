"""`tf2migrate completion`: what a shell needs to complete options, rules and file names."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection

import click
from click.shell_completion import CompletionItem, get_completion_class, split_arg_string


def asked_for(commands: Collection[str]) -> str | None:
    """The command whose words a shell wants to complete; the shell's question is then put as if it stood alone."""
    words = split_arg_string(os.environ.get("COMP_WORDS", ""))
    if len(words) < 2 or words[1] not in commands or words[1:] == [os.environ.get("COMP_CWORD")]:
        return None
    at = os.environ.get("COMP_CWORD", "")
    if at.isdigit():  # bash and zsh give the number of the word, fish the word itself
        if int(at) < 2:
            return None
        os.environ["COMP_CWORD"] = str(int(at) - 1)
    os.environ["COMP_WORDS"] = shlex.join([words[0], *words[2:]])
    return words[1]


def codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes of rules that begin so."""
    from tf2migrate.rulebook import pages

    return [
        CompletionItem(page.code, help=page.metadata.summary)
        for page in pages().values()
        if page.code.startswith(incomplete.upper())
    ]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete this command: eval "$(tf2migrate completion bash)"."""
    from tf2migrate.cli import COMPLETE, migrate

    kind = get_completion_class(shell)
    assert kind is not None  # click knows these shells
    click.echo(kind(migrate, {}, "tf2migrate", COMPLETE).source())
