"""A new process reads the parsed project and the compiled templates of the last one, unless a file is unsafe."""

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import agate
import pytest
from dbt_common import dataclass_schema
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment, get_template
from dbt_common.exceptions import CompilationError

from stanchion.marts import build, kept
from stanchion.marts.project import parsed_version, target
from stanchion.marts.repeated import keep_compiled, share_types
from tests.conftest import run_stanchion
from tests.marts.platform import Platform
from tests.marts.test_command import checkout

KEPT = {"a name with 'quotes' and ümlauts": [1, None, (2.5, b"\n\n")]}
WRITER = """
import itertools, sys
from pathlib import Path
from stanchion.marts import kept
for number in itertools.count():
    kept.write(Path(sys.argv[1]), "v", [number] * 200_000)
    if not number:
        print("written", flush=True)
"""


class Trap:
    """An object whose reading makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    kept.write(path, "version", KEPT)
    return path


def test_a_file_returns_what_was_written(file: Path) -> None:
    assert kept.read(file, "version") == KEPT
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_file_of_another_version_is_ignored(file: Path) -> None:
    assert kept.read(file, "version 2") is None


def test_a_missing_file_is_ignored(tmp_path: Path) -> None:
    assert kept.read(tmp_path / "missing", "version") is None


@pytest.mark.parametrize("place", [0, 70, -1])
def test_a_file_with_a_changed_byte_is_ignored(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert kept.read(file, "version") is None


@pytest.mark.parametrize("length", [0, 40, 65, 80])
def test_a_truncated_file_is_ignored(file: Path, length: int) -> None:
    file.write_bytes(file.read_bytes()[:length])
    assert kept.read(file, "version") is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_other_users_may_write_is_not_read(tmp_path: Path, mode: int) -> None:
    path, trapped = tmp_path / "kept", tmp_path / "trapped"
    kept.write(path, "version", Trap(trapped))
    path.chmod(mode)
    assert kept.read(path, "version") is None
    assert not trapped.exists()
    path.chmod(0o644)
    kept.read(path, "version")
    assert trapped.exists(), "the trap must work when the file is safe"


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can give a file to another user.")
def test_a_file_of_another_user_is_not_read(file: Path) -> None:
    os.chown(file, 65534, 65534)
    assert kept.read(file, "version") is None


def test_a_link_is_not_followed(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    assert kept.read(link, "version") is None


def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert kept.read(tmp_path / "pipe", "version") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    kept.write(tmp_path / "missing" / "kept", "version", KEPT)
    (tmp_path / "kept").mkdir()
    kept.write(tmp_path / "kept", "version", KEPT)
    assert (tmp_path / "kept").is_dir()


def test_an_object_that_cannot_be_written_leaves_the_old_file(file: Path) -> None:
    kept.write(file, "version", threading.Lock())
    assert kept.read(file, "version") == KEPT


def test_killed_writers_leave_a_complete_file(tmp_path: Path) -> None:
    """Two processes write the file concurrently, and are killed while they do."""
    path = tmp_path / "kept"
    for _ in range(3):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "written\n"
        for writer in writers:
            found = kept.read(path, "v")
            assert found == [found[0]] * 200_000
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        assert len(kept.read(path, "v")) == 200_000


def test_the_version_depends_on_files_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout(tmp_path / "checkout")
    monkeypatch.setattr("stanchion.marts.project.PROJECT", root)
    versions = [parsed_version("")]

    def changes(is_changed: bool) -> None:
        versions.append(parsed_version(""))
        assert (versions[-1] not in versions[:-1]) is is_changed

    for name, is_changed in (
        ("STANCHION_SOURCES", True),
        ("DBT_INDIRECT_SELECTION", True),
        ("PGPASSWORD", False),
        ("PWD", False),
        ("OWN_VARIABLE", False),
    ):
        monkeypatch.setenv(name, "other")
        changes(is_changed)
    model = root / "dbt_project" / "models" / "marts" / "core" / "dim_team.sql"
    status = model.stat()
    model.write_text(model.read_text() + '\n-- {{ env_var( "OWN_VARIABLE") }}')
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    changes(is_changed=True)
    monkeypatch.setenv("OWN_VARIABLE", "another")
    changes(is_changed=True)
    assert parsed_version("mirror_") not in versions


def render(source: str, *, native: bool = False) -> Any:
    return get_template(source, {}, native=native).render({"number": 2})


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("compiled again")


def test_templates_are_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text is a number for a native template, and text for another one."""
    source = "{% macro add(n) %}{{ n + 40 }}{% endmacro %}{{ dbt_macro__add(number) if false else number + 40 }}"

    def rendered() -> list[Any]:
        return [render(source), render("{{ '7' | as_number }}"), render("{{ '7' | as_number }}", native=True)]

    before = rendered()
    assert before == ["42", "7", 7]
    with keep_compiled(tmp_path, "version"):
        assert rendered() == before
        with pytest.raises(CompilationError, match="unexpected"):
            render("{{ 1 + }}")
    monkeypatch.setattr("jinja2.Environment._generate", refuse)
    with keep_compiled(tmp_path, "version"):
        assert rendered() == before
        with pytest.raises(CompilationError, match="compiled again"):
            render("{{ 'new' }}")
    with pytest.raises(CompilationError, match="compiled again"), keep_compiled(tmp_path, "version 2"):
        rendered()
    assert "compile" not in vars(MacroFuzzEnvironment)


def test_schemas_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dbt.contracts.project import ProjectFlags

    make = dataclass_schema.build_json_schema  # type: ignore[attr-defined]
    expected = make(ProjectFlags).to_dict()
    with keep_compiled(tmp_path, "version"):
        assert dataclass_schema.build_json_schema(ProjectFlags).to_dict() == expected  # type: ignore[attr-defined]
    monkeypatch.setattr(dataclass_schema, "build_json_schema", refuse)
    with keep_compiled(tmp_path, "version"):
        assert dataclass_schema.build_json_schema(ProjectFlags).to_dict() == expected  # type: ignore[attr-defined]


def test_a_dbt_without_the_replaced_functions_still_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(dataclass_schema, "build_json_schema")
    monkeypatch.delattr(agate_helper, "build_type_tester")
    share_types()
    with keep_compiled(tmp_path, "1"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_results_have_the_types_of_their_own_columns() -> None:
    share_types()
    share_types()
    share = agate_helper.build_type_tester
    assert not hasattr(share.__wrapped__, "__wrapped__")  # type: ignore[attr-defined]
    rows = [{"n": 1, "t": "null", "d": None, "j": {"a": 1}}, {"n": 2, "t": "5", "d": "2026-01-02", "j": []}]

    def table(columns: list[str]) -> list[tuple[str, list[Any]]]:
        found: agate.Table = agate_helper.table_from_data_flat([{c: row[c] for c in columns} for row in rows], columns)
        kinds = [type(kind).__name__ for kind in found.column_types]
        return [(kind, list(column.values())) for kind, column in zip(kinds, found.columns, strict=True)]

    for columns in (["n", "t"], ["n", "d"], ["t", "n"], ["j", "n"], ["n"], ["n", "t"]):
        shared = table(columns)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(agate_helper, "build_type_tester", share.__wrapped__)  # type: ignore[attr-defined]
            assert shared == table(columns)
    assert table(["n", "t"])[1] == ("Text", ["null", "5"])


THREADS = """
import threading
from mashumaro.config import BaseConfig
BaseConfig.lazy_compilation = True
from dbt.contracts.graph import nodes
from dbt.artifacts.resources import MacroDependsOn
from dbt.contracts.files import FileHash
from dbt.contracts.project import ProjectFlags
start, found, problems = threading.Barrier(8), [], []
def work():
    start.wait()
    try:
        for kind in (nodes.Macro, nodes.Documentation, ProjectFlags, FileHash, MacroDependsOn):
            values = {f: "x" for f, each in kind.__dataclass_fields__.items() if each.type in (str, "str")}
            values |= {"resource_type": "macro"} if kind is nodes.Macro else {}
            values |= {"resource_type": "doc"} if kind is nodes.Documentation else {}
            values.pop("created_at", None)
            one = kind.from_dict(values)
            found.append((kind.__name__, str({k: v for k, v in one.to_dict().items() if k != "created_at"})))
    except Exception as e:
        problems.append(repr(e))
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not problems, problems
assert len(found) == 40 and len(set(found)) == 5, set(found)
"""


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.exhaustive)])
def test_threads_compile_methods_of_dbt_concurrently(rounds: int) -> None:
    for _ in range(rounds):
        subprocess.run([sys.executable, "-c", THREADS], check=True)


def in_new_process(platform: Platform, *args: str, **variables: str) -> bool:
    """Build in a new process, and return whether it parsed the project: dbt then writes a file about its speed."""
    written = target(platform.server) / "perf_info.json"
    written.unlink(missing_ok=True)
    outcome = run_stanchion("build", *args, database_url=platform.server.dsn, **variables)
    assert outcome.code == 0, outcome.out + outcome.err
    return written.exists()


@pytest.mark.slow
@pytest.mark.long
def test_a_new_process_parses_nothing_and_builds_the_same_rows(built: Platform) -> None:
    before, folder = built.digests(), target(built.server)
    build(built.server, ["dim_team"])  # in this process, to keep the files
    assert gc.isenabled()
    built.conn.execute("delete from marts.fact_team_game")
    built.conn.execute("update marts.fact_goalie_game set saves = saves + 1")
    assert not in_new_process(built, "fact_team_game", "fact_goalie_game", "--full-refresh")
    assert built.digests() == before

    times = [(folder / name).stat().st_mtime_ns for name in ("parsed", "repeated")]
    assert not in_new_process(built, "fact_team_game", "--full-refresh")
    assert [(folder / name).stat().st_mtime_ns for name in ("parsed", "repeated")] == times, "nothing new is compiled"

    for name in ("parsed", "repeated"):
        (folder / name).write_bytes(b"damaged")
    assert in_new_process(built, "fact_team_game", "--full-refresh")
    assert not in_new_process(built, "fact_team_game", "--full-refresh")
    assert in_new_process(built, "fact_team_game", "--full-refresh", DBT_OWN="changed")
    assert built.digests() == before


@pytest.mark.slow
@pytest.mark.long
def test_a_project_that_cannot_be_parsed_is_not_kept(built: Platform, tmp_path: Path) -> None:
    root = checkout(tmp_path / "checkout")
    model = root / "dbt_project" / "models" / "marts" / "core" / "dim_team.sql"
    text = model.read_text()
    model.write_text(text + "{{ ref('no_such_model') }}")
    variables = {"STANCHION_ROOT": str(root)}
    for _ in range(2):
        outcome = run_stanchion("build", "dim_team", database_url=built.server.dsn, **variables)
        assert outcome.code == 1
        assert "no_such_model" in outcome.err
        assert "Traceback" not in outcome.out + outcome.err
    model.write_text(text)
    assert in_new_process(built, "dim_team", **variables)
