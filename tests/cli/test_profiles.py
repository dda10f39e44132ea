"""Profiles name servers; the file is refused when other users can read its passwords. --quiet leaves only results."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stanchion.server.embedded import Embedded
from tests.conftest import Outcome, open_folder, run_stanchion
from tests.program import call_stanchion

UNREACHABLE = "postgresql://ada:hunter2secret@127.0.0.1:1/stats"
Run = Callable[..., Outcome]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "stanchion" / "config.toml"


@pytest.fixture
def run(file: Path) -> Run:
    """Return a function that runs a command with this configuration file, and no other configuration."""

    def run(*args: str, text: str | None = None, mode: int = 0o600, url: str = "", **variables: str) -> Outcome:
        if text is not None:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            file.chmod(mode)
        variables = {
            "XDG_CONFIG_HOME": str(file.parent.parent),
            "STANCHION_CONFIG": "",
            "STANCHION_PROFILE": "",
        } | variables
        return call_stanchion(*args, database_url=url, **variables)

    return run


def of(dsn: str, more: str = "") -> str:
    return f"[profiles.prod]\ndsn = {json.dumps(dsn)}\n{more}"


def refused(outcome: Outcome, *words: str) -> None:
    assert (outcome.code, outcome.out) == (1, ""), outcome
    assert outcome.err.startswith("Error: ")
    assert outcome.err.count("\n") == 1
    for word in words:
        assert word in outcome.err
    assert "hunter2secret" not in outcome.err


def test_a_profile_comes_after_dsn_and_before_the_environment(
    run: Run, dsn: str, tenants: dict[str, str], file: Path
) -> None:
    slugs = ["ours", "theirs"]
    listed = run("--profile", "prod", "tenant", "list", "--json", text=of(dsn), url=UNREACHABLE)
    assert [row["slug"] for row in json.loads(listed.out)] == slugs
    assert "configured by profile prod: " in listed.err
    by_variable = run("tenant", "list", "--json", url=UNREACHABLE, STANCHION_PROFILE="prod")
    assert [row["slug"] for row in json.loads(by_variable.out)] == slugs
    elsewhere = run(
        "tenant", "list", "--json", STANCHION_PROFILE="prod", XDG_CONFIG_HOME="/none", STANCHION_CONFIG=str(file)
    )
    assert [row["slug"] for row in json.loads(elsewhere.out)] == slugs
    for args in (
        ["--dsn", UNREACHABLE, "--profile", "prod", "status"],
        ["--profile", "prod", "status", "--dsn", UNREACHABLE],
    ):
        refused(run(*args), "The server configured by --dsn cannot be used")
    both = of(UNREACHABLE, f"[profiles.test]\ndsn = {json.dumps(dsn)}")
    assert run("--profile", "test", "tenant", "list", text=both, STANCHION_PROFILE="prod").code == 0


def test_an_error_names_the_profile_and_hides_its_password(run: Run) -> None:
    outcome = run("--profile", "prod", "status", text=of(UNREACHABLE))
    refused(outcome, "The server configured by profile prod cannot be used", "correct profile prod")


def test_a_profile_with_data_uses_the_embedded_server_there(run: Run) -> None:
    folder = open_folder("stanchion-profile-")
    home = folder / "home"
    text = f'[profiles.local]\ndata = "{home}"\n'
    before = dict(os.environ)
    try:
        outcome = run("--profile", "local", "dsn", text=text, url=UNREACHABLE, PGHOST="host.invalid")
        refused(outcome, f"The embedded server in {home} is not running")
        assert dict(os.environ) == before
        assert run("--profile", "local", "psql", "-c", "select 1", url=UNREACHABLE).code == 0
        assert (home / "data").exists()
    finally:
        Embedded(home).purge()
        folder.rmdir()


def test_profiles_are_listed_without_passwords(run: Run) -> None:
    text = of(UNREACHABLE, 'quiet = true\n[profiles.local]\ndata = "~/stats"\n[profiles.svc]\ndsn = "service=stats"\n')
    rows = json.loads(run("profiles", "--json", text=text, STANCHION_PROFILE="local").out)
    assert rows == [
        {"profile": "prod", "server": "ada@127.0.0.1:1/stats", "quiet": True, "in_force": False},
        {"profile": "local", "server": f"embedded in {Path('~/stats').expanduser()}", "quiet": False, "in_force": True},
        {"profile": "svc", "server": "service stats", "quiet": False, "in_force": False},
    ]
    shown = run("--profile", "prod", "profiles")
    assert "hunter2secret" not in shown.out + shown.err
    with_dsn = json.loads(run("--dsn", UNREACHABLE, "--profile", "prod", "profiles", "--json").out)
    assert not any(row["in_force"] for row in with_dsn)


def test_without_a_file_there_are_no_profiles(run: Run, file: Path) -> None:
    outcome = run("profiles")
    assert (outcome.code, outcome.out) == (0, f"There are no profiles in {file}.\n")
    refused(run("--profile", "prod", "status"), f"The profile 'prod' is not in {file}: it is missing.")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_password_that_others_can_read_is_refused(run: Run, mode: int, file: Path) -> None:
    for dsn in (UNREACHABLE, "host=127.0.0.1 port=1 password=hunter2secret", "postgresql://a:hunter2secret@h:p/d"):
        refused(run("profiles", text=of(dsn), mode=mode), f"(mode {mode:o}); run: chmod 600 {file}")
    assert run("profiles", text=of("postgresql://ada@127.0.0.1:1/stats"), mode=mode).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[profile.prod]\ndsn = 'x'", "unknown key profile: did you mean profiles."),
        (of(UNREACHABLE, "quite = true"), "unknown key profiles.prod.quite: did you mean quiet."),
        (of(UNREACHABLE, "zzz = 1"), "unknown key profiles.prod.zzz: expected one of data, dsn, quiet."),
        (of(UNREACHABLE, "quiet = 'yes'"), "profiles.prod.quiet must be true or false."),
        (of(""), "profiles.prod.dsn must be a text that is not empty."),
        ("[profiles.prod]\ndsn = 5432", "profiles.prod.dsn must be a text"),
        (of(UNREACHABLE, "data = '/x'"), "needs either dsn"),
        ("[profiles.prod]\nquiet = true", "needs either dsn"),
        ("profiles = 1", "expected a table [profiles.NAME]"),
        ("[profiles]\nprod = 'x'", "profiles.prod must be a table"),
        ("[profiles.prod", "is not TOML: "),
        ('[profiles."a\x1b"]', "is not TOML: "),
    ],
)
def test_a_wrong_file_is_one_sentence(run: Run, text: str, words: str) -> None:
    refused(run("profiles", text=text), words)


def test_an_unknown_profile_gets_the_nearest_name(run: Run) -> None:
    refused(
        run("--profile", "prd", "status", text=of(UNREACHABLE)), "The profile 'prd' is not in ", "did you mean prod."
    )
    refused(run("--profile", "", "status"), "The profile '' is not in ", "expected one of prod.")


def test_quiet_prints_results_and_errors_only(dsn: str, tenants: dict[str, str], run: Run) -> None:
    for outcome in (
        run("--quiet", "tenant", "list", url=dsn),
        run("--profile", "prod", "tenant", "list", text=of(dsn, "quiet = true")),
        run_stanchion("--quiet", "tenant", "list", database_url=dsn),
    ):
        assert (outcome.code, outcome.err) == (0, "")
        assert "theirs" in outcome.out
    loud = run("tenant", "list", url=dsn)
    assert loud.err.startswith("on configured by DATABASE_URL")
    refused(run("--quiet", "status", url=UNREACHABLE), "cannot be used")
