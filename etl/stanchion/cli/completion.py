"""completion: the script with which a shell completes commands, options and values."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from stanchion.errors import StanchionError
from stanchion.replacing import replacing

VARIABLE = "_STANCHION_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--install", is_flag=True, help="Write the script to the folder of this user, where SHELL finds it.")
@click.pass_context
def completion(ctx: click.Context, shell: str, install: bool) -> None:
    """Print the script that completes commands in a shell.

    Completes commands and options, and the names of tenants, modules, marts, profiles and programs. A tenant is not
    completed when the server does not answer within a second. With --install, a new shell completes: bash needs the
    package bash-completion, and zsh a line in ~/.zshrc, which is printed.

    \b
    Example:
        stanchion completion bash --install
        source <(stanchion completion bash)
    """
    complete = get_completion_class(shell)
    if complete is None:
        raise StanchionError(f"This version of click has no completion for {shell}.")
    # not the method source(): it starts bash to check its version
    instance = complete(ctx.find_root().command, {}, "stanchion", VARIABLE)
    script = instance.source_template % instance.source_vars()
    if not install:
        click.echo(script)
        return
    path = _place(shell)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_text(script + "\n", encoding="utf-8")
    click.echo(f"{path} is written; a new {shell} completes stanchion.")
    if shell == "zsh":
        click.echo(f"Put this line into ~/.zshrc before compinit: fpath=({path.parent} $fpath)")


def _place(shell: str) -> Path:
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    bash = Path(os.environ.get("BASH_COMPLETION_USER_DIR") or data / "bash-completion")
    return {
        "bash": bash / "completions" / "stanchion",
        "zsh": data / "zsh" / "site-functions" / "_stanchion",
        "fish": config / "fish" / "completions" / "stanchion.fish",
    }[shell]
