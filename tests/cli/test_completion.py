"""Shells complete commands, options and values, and a server that is away does not delay them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROGRAM, run_stanchion
from tests.provided import provide
from tests.sessions import Db

SOURCES = 'source <("$0" completion bash)\n'
ASK = 'COMP_WORDS=("${@}") COMP_CWORD=$(($# - 1)); _stanchion_completion stanchion; printf "%s\\n" "${COMPREPLY[@]}"'
Complete = Callable[..., list[str]]


@pytest.fixture
def complete(tmp_path: Path) -> Complete:
    """Return a function that completes the last word in bash."""

    def complete(*words: str, url: str = "postgresql://nobody@127.0.0.1:1/none", **variables: str) -> list[str]:
        env = os.environ | {
            "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
            "DATABASE_URL": url,
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            ["bash", "--norc", "-c", SOURCES + ASK, PROGRAM, "stanchion", *words],
            env=env | variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    return complete


def test_bash_completes_commands_options_and_their_values(complete: Complete) -> None:
    assert complete("sta") == ["status", "stats"]
    assert complete("partitions", "st") == ["status"]
    assert complete("--pro") == ["--profile"]
    assert "--full-refresh" in complete("build", "--")
    assert complete("build", "fact_team_g") == ["fact_team_game"]
    assert complete("export", "--tenant", "x", "standi") == ["standings"]
    assert complete("revert", "--to", "core/0001") == ["core/0001_ledger"]
    assert complete("tool", "pg_du") == ["pg_dump", "pg_dumpall"]
    assert complete("completion", "f") == ["fish"]
    assert complete("no-such-command", "x") == []


def test_bash_completes_tenants_of_the_server(complete: Complete, dsn: str, db: Db, tenants: dict[str, str]) -> None:
    assert complete("load", "--tenant", "", url=dsn) == ["ours", "theirs"]
    assert complete("load", "--tenant", "th", url=dsn) == ["theirs"]
    assert complete("tenant", "config", "ou", url=dsn) == ["ours"]
    assert complete("--dsn", f"'{dsn}'", "load", "--tenant", "th") == ["theirs"]
    assert complete("load", "--dsn", f"'{dsn}'", "--tenant", "th") == ["theirs"]
    assert complete("tenant", "add", "ou", url=dsn) == []


def test_profiles_are_completed_and_used(complete: Complete, dsn: str, tenants: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[profiles.prod]\ndsn = "{dsn}"\n[profiles.test]\ndata = "{tmp_path}/none"\n')
    file.chmod(0o600)
    config = {"STANCHION_CONFIG": str(file)}
    assert complete("--profile", "", **config) == ["prod", "test"]
    assert complete("--profile", "prod", "load", "--tenant", "th", **config) == ["theirs"]
    assert complete("--profile", "test", "load", "--tenant", "th", **config) == []  # the server is not started
    assert not (tmp_path / "none").exists()
    file.chmod(0o644)
    assert complete("--profile", "", **config) == []


def test_a_server_that_is_away_completes_nothing(complete: Complete, empty_dsn: str) -> None:
    for url in ("postgresql://nobody@127.0.0.1:1/none", "no url", "postgresql://a@host.invalid/none", empty_dsn):
        assert complete("load", "--tenant", "", url=url) == []


def test_a_server_that_does_not_answer_is_left_after_a_second(complete: Complete) -> None:
    """The time of a completion that needs no server is subtracted, since a busy machine starts programs slowly."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://a@127.0.0.1:{silent.getsockname()[1]}/none"
        started = time.monotonic()
        assert complete("revert", "--to", "nothing/", url=url) == []
        between = time.monotonic()
        assert complete("load", "--tenant", "", url=url) == []
        waited = (time.monotonic() - between) - (between - started)
    assert waited < 5  # libpq would wait without a limit


def test_slugs_cannot_run_code_in_the_shell(complete: Complete, db: Db, dsn: str, tmp_path: Path) -> None:
    db.execute("alter table core.tenant drop constraint tenant_slug_shape")
    db.execute("select core.create_tenant('x', 'x', 'league')")
    for slug in (f"x$(touch${{IFS}}{tmp_path}/run)", f"x`touch {tmp_path}/run`", "x\x1b[31m"):
        db.execute("update core.tenant set slug = %s", [slug])
        complete("load", "--tenant", "x", url=dsn)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("shell", "variables", "file"),
    [
        ("bash", {}, ".local/share/bash-completion/completions/stanchion"),
        ("bash", {"BASH_COMPLETION_USER_DIR": "{}/own"}, "own/completions/stanchion"),
        ("zsh", {"XDG_DATA_HOME": "{}/data"}, "data/zsh/site-functions/_stanchion"),
        ("fish", {}, ".config/fish/completions/stanchion.fish"),
    ],
)
def test_install_writes_the_file_of_the_user(shell: str, variables: dict[str, str], file: str, tmp_path: Path) -> None:
    own = {"XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "HOME": str(tmp_path)}
    own |= {name: text.format(tmp_path) for name, text in variables.items()}
    for _ in range(2):
        outcome = run_stanchion("completion", shell, "--install", **own)
        assert (outcome.code, outcome.err) == (0, "")
        assert f"{tmp_path / file} is written" in outcome.out
    assert (tmp_path / file).read_text() == run_stanchion("completion", shell).out
    if shell == "bash":
        subprocess.run(["bash", "-n", tmp_path / file], check=True)


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file")
    outcome = run_stanchion("completion", "fish", "--install", HOME=str(tmp_path), XDG_CONFIG_HOME="")
    assert outcome.code == 1
    assert outcome.err.startswith("Error: ")
    assert outcome.err.count("\n") == 1


@pytest.mark.debian
@pytest.mark.parametrize(
    ("shell", "script"),
    [
        ("fish", "{0} completion fish | source; complete -C 'stanchion sta' | string split -f 1 \\t"),
        (
            "zsh",
            "autoload -Uz compinit; compinit -u -D; source =({0} completion zsh); functions _stanchion_completion",
        ),
    ],
)
def test_other_shells_accept_the_script(shell: str, script: str, tmp_path: Path) -> None:
    program = shutil.which(shell) or provide("debian-program", shell)
    done = subprocess.run(
        [program, "-c", script.format(PROGRAM)],
        env=os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    if shell == "fish":
        assert done.stdout.split() == ["stats", "status"]
    else:
        assert "_STANCHION_COMPLETE=zsh_complete" in done.stdout
