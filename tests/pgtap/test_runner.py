"""A pgTAP file passes only when all planned assertions ran and passed. Every failure has its line."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psycopg
import pytest

from stanchion.dev.pgtap import runner
from stanchion.dev.pgtap.install import install
from stanchion.dev.pgtap.runner import Outcome, run
from stanchion.errors import StanchionError

Write = Callable[..., Path]


@pytest.fixture
def check(write_file: Write, pgtap_dsn: str) -> Callable[[str], Outcome]:
    """Run the lines between begin; (line 1) and rollback;."""
    return lambda middle: run(write_file(f"begin;\n{middle}\nrollback;\n"), pgtap_dsn)


Check = Callable[[str], Outcome]


def test_file_with_passed_assertions_passes(check: Check) -> None:
    outcome = check("select plan(2);\nselect ok(true, 'one');\nselect is(2, 2, 'two');\nselect * from finish();")
    assert outcome.ok
    assert outcome.report() == ""
    assert [(a.name, a.line) for a in outcome.assertions] == [("one", 3), ("two", 4)]


def test_failed_assertion_has_its_line_and_diagnostics(check: Check) -> None:
    report = check("select plan(1);\n\nselect is(\n 1, 2,\n 'sums agree');\nselect * from finish();").report()
    assert "promise.test.sql:4: not ok 1 - sums agree\n    have: 1\n    want: 2" in report


def test_each_assertion_of_a_statement_has_its_line(check: Check) -> None:
    outcome = check(
        "select no_plan();\nselect ok(false, name) from (values\n('it''s one'),\n('two')) v (name);\n"
        "select * from finish();"
    )
    assert ["promise.test.sql:4: not ok 1 - it's one" in outcome.report(), outcome.assertions[1].line] == [
        True,
        5,
    ]


def test_name_can_contain_any_character(check: Check) -> None:
    outcome = check(
        "select plan(1);\nselect ok(false, 'größer als 世界 # 1'); select undefined;\nselect * from finish();"
    )
    assert "promise.test.sql:3: not ok 1 - größer als 世界 # 1" in outcome.report()
    assert 'promise.test.sql:3: SQL error 42703: column "undefined" does not exist' in outcome.report()


@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        ("select plan(1);\nselect 1 +;\nselect ok(true);", ":3: SQL error 42601: syntax error"),
        ("select plan(1);\nselect ok(true);\n\nselect 1 as größe,\n nope;", ":6: SQL error 42703: column"),
        ("select plan(1);\nselect ok(true);\n\nselect\n 1/0;", ":5: SQL error 22012: division by zero"),
        (
            "do $$\nbegin\n raise 'no' using hint = 'try yes';\nend $$;",
            ":2: SQL error P0001: no\n    hint: try yes",
        ),
        ("create temp table t (id int);\ncopy t from stdin;", ":3: SQL error 57014: COPY from stdin failed"),
        ("select 'never closed;\n", ":2: SQL error 42601: unterminated quoted string"),
        (
            "select plan(1);\nselect pg_terminate_backend(pg_backend_pid());",
            ":3: SQL error 57P01: terminating",
        ),
    ],
)
def test_sql_error_has_its_line(check: Check, middle: str, expected: str) -> None:
    outcome = check(middle)
    assert not outcome.ok
    assert f"promise.test.sql{expected}" in outcome.report()


def test_copy_to_stdout_does_not_stop_the_file(check: Check) -> None:
    assert check("select plan(1);\ncopy (select 1) to stdout;\nselect ok(true);\nselect * from finish();").ok


@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        ("select plan(2);\nselect ok(true);\nselect * from finish();", ":2: planned 2 assertions but ran 1."),
        (
            "select plan(1);\nselect ok(true);\nselect ok(true);\nselect * from finish();",
            ":2: planned 1 assertion but",
        ),
        ("select no_plan();\nselect ok(true);", ":4: select * from finish(); is missing"),
        (
            "select no_plan();\nselect ok(true);\nselect * from finish();\nselect ok(true);",
            ":6: select * from finish(); is missing",
        ),
        (
            "select plan(1);\nselect 'ok 1' as fake;\nselect 'finish()';",
            ":5: select * from finish(); is missing",
        ),
        ("select 'ok 1' as fake;\nselect 'finish' as finish\n/* finish () */;", ":5: select * from finish()"),
        (
            "select 'ok 1' as fake;\nselect count(*) from (select 1) finish (a);",
            ": no plan; start with select plan(n);",
        ),
        ("select plan(1);\nselect * from finish();", ":3: SQL error P0001: # No tests run!"),
        ("select 1;", ": no assertion ran; a test without one proves nothing."),
        ("select ok(true);", ":2: SQL error P0001: You tried to run a test without a plan!"),
    ],
)
def test_result_that_differs_from_the_plan_is_a_failure(check: Check, middle: str, expected: str) -> None:
    assert f"promise.test.sql{expected}" in check(middle).report()


def test_failure_inside_a_do_block_is_a_failure(check: Check) -> None:
    middle = "select no_plan();\nselect ok(true);\ndo $$ begin perform ok(false, 'hidden'); end $$;"
    assert "planned 2 assertions but ran 1." in check(f"{middle}\nselect * from finish();").report()


def test_todo_can_fail_and_skip_counts(check: Check) -> None:
    outcome = check(
        "select plan(3);\nselect todo('next year', 1);\nselect ok(false, 'flies');\n"
        "select skip('no wings', 1);\nselect ok(true, 'walks');\nselect * from finish();"
    )
    assert outcome.ok
    assert not outcome.skipped
    assert [(a.directive, a.reason) for a in outcome.assertions] == [
        ("TODO", "next year"),
        ("SKIP", "no wings"),
        ("", ""),
    ]


def test_file_that_only_skips_has_the_reason(check: Check) -> None:
    assert check("select plan(1);\nselect skip('needs 16', 1);\nselect * from finish();").skipped == "needs 16"


def test_failure_includes_the_notices_of_the_server(check: Check) -> None:
    outcome = check("do $$ begin raise warning 'look here'; end $$;\nselect plan(1);\nselect ok(false);")
    assert outcome.report().endswith("messages of the server:\n    WARNING: look here")


def test_xunit_functions_report_their_inner_results(check: Check) -> None:
    outcome = check(
        "create schema units;\ncreate function units.test_one() returns setof text language sql as\n"
        " $$ select tap.is(1, 2, 'inner') $$;\nselect * from runtests('units'::name);"
    )
    assert "not ok 1 - inner" in outcome.report()
    assert "promise.test.sql:5: not ok 1 - units.test_one" in outcome.report()


def test_file_leaves_nothing_behind(check: Check, pgtap_dsn: str) -> None:
    middle = "create table public.left_behind ();\n{};\nselect plan(1);\nselect ok(true);\nselect * from finish();"
    for attempt in (
        "select 1",
        "commit",
        "end; begin",
        "rollback; create table public.left_behind (); begin",
        "select 1/0",
    ):
        check(middle.format(attempt))
    with psycopg.connect(pgtap_dsn) as connection:
        assert connection.execute("select to_regclass('public.left_behind')").fetchone() == (None,)


def test_commit_seen_only_by_the_server_is_a_failure(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stanchion.dev.pgtap.script._require_isolation", lambda *_: None)
    outcome = check("select plan(1);\ncommit;\nbegin;\nselect ok(true);\nselect * from finish();")
    assert "not isolated: the server saw more than one begin" in outcome.report()


def test_each_file_runs_in_a_new_session(write_file: Write, pgtap_dsn: str) -> None:
    run(write_file("begin;\nset application_name to 'mine';\nrollback;"), pgtap_dsn)
    text = "begin;\nselect plan(1);\nselect isnt(current_setting('application_name'), 'mine');\n"
    assert run(write_file(f"{text}select * from finish();\nrollback;"), pgtap_dsn).ok


def test_assertions_work_with_another_role(check: Check) -> None:
    assert check(
        "create role pgtap_reader;\nselect plan(1);\nset local role pgtap_reader;\n"
        "select is(current_user::text, 'pgtap_reader');\nreset role;\nselect * from finish();"
    ).ok


def test_options_of_the_connection_string_are_used(write_file: Write, pgtap_dsn: str) -> None:
    dsn = psycopg.conninfo.make_conninfo(pgtap_dsn, options="-c search_path=public,tap -c timezone=Asia/Tokyo")
    text = "begin;\nselect plan(2);\nselect is(current_setting('TimeZone'), 'Asia/Tokyo');\n"
    text += "select is(current_setting('search_path'), 'public,tap');\nselect * from finish();\nrollback;"
    assert run(write_file(text), dsn).report() == ""


def test_interrupt_cancels_the_running_statement(check: Check, pgtap_dsn: str) -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    running = "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sl' || 'eep(200)%'"

    def wait_until(connection: psycopg.Connection, sessions: int) -> None:
        until = time.monotonic() + 100
        while connection.execute(running).fetchone() != (sessions,):
            assert time.monotonic() < until, f"the statement runs in another number of sessions than {sessions}"
            time.sleep(0.02)

    def interrupt_soon() -> None:
        with psycopg.connect(pgtap_dsn, autocommit=True) as connection:
            wait_until(connection, 1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    started = time.monotonic()
    interrupting = threading.Thread(target=interrupt_soon)
    interrupting.start()
    try:
        with pytest.raises(TimeoutError):
            check("select pg_sleep(200);")
    finally:
        interrupting.join()
        signal.signal(signal.SIGUSR1, before)
    assert time.monotonic() - started < 150
    with psycopg.connect(pgtap_dsn, autocommit=True) as connection:
        wait_until(connection, 0)


def test_included_file_runs_in_the_transaction(write_file: Write, pgtap_dsn: str) -> None:
    """Lines of the test file keep their numbers."""
    write_file("-- prelude\ncreate table public.included (n int);\ncreate role included;\n", "prelude.sql")
    text = (
        "begin;\n\\ir prelude.sql\nselect plan(2);\nselect has_table('included'::name);\nselect ok(1 = 2, 'later');\n"
    )
    outcome = run(write_file(f"{text}select * from finish();\nrollback;\n"), pgtap_dsn)
    assert [assertion.ok for assertion in outcome.assertions] == [True, False]
    assert outcome.report().startswith(f"{runner.shown(outcome.path)}:5: not ok 2 - later")
    with psycopg.connect(pgtap_dsn) as connection:
        assert connection.execute("select to_regclass('public.included')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("included", "rest", "expected"),
    [
        ("\nselect 1,\n nope;", "select plan(1);", "common.sql:3: SQL error 42703: column"),
        ("select 1;", "\nselect nope;", "promise.test.sql:4: SQL error 42703: column"),
        ("select 1;", "select plan(2);\nselect ok(true);\nselect * from finish();", "promise.test.sql:3: planned 2"),
        ("select 1;\ncommit;", "select plan(1);", "common.sql:2: not isolated: commit in an included file"),
        ("select '\0';", "select plan(1);", "common.sql: contains a NUL character"),
        ("select no_plan();\nselect ok(false, 'x');", "select * from finish();", "promise.test.sql: not ok 1 - x"),
    ],
)
def test_problem_of_an_included_file_has_its_line(
    write_file: Write, pgtap_dsn: str, included: str, rest: str, expected: str
) -> None:
    write_file(included, "common.sql")
    outcome = run(write_file(f"begin;\n\\ir common.sql\n{rest}\nrollback;\n"), pgtap_dsn)
    assert expected in outcome.report()


def test_prelude_sets_clock_tenant_principal_and_role(pgtap_dsn: str, write_file: Write) -> None:
    """The functions of tests/prelude.sql do what their comments state."""
    prelude = Path(__file__).parents[1] / "prelude.sql"
    outcome = run(
        write_file(
            f"begin;\n\\ir {prelude}\nselect plan(6);\n"
            "select pg_temp.at('2030-01-01 12:00:00+00');\n"
            "select is(core.clock(), '2030-01-01 12:00:00+00', 'at() stops the clock');\n"
            "select is(core.current_tenant(), pg_temp.id('a'), 'tenant a is the first tenant');\n"
            "select pg_temp.as_tenant('b'), pg_temp.as_principal('e1'), pg_temp.as_application();\n"
            "select is((select slug from core.tenant), 'b', 'an application sees the tenant of as_tenant()');\n"
            "select is(core.current_principal(), pg_temp.id('e1'), 'as_principal() chooses the principal');\n"
            "select is(session_user, 'application_under_test', 'as_application() changes the login');\n"
            "reset session authorization;\n"
            "select pg_temp.as_tenant(''), pg_temp.as_principal('');\n"
            "select is(core.current_tenant(), null, 'as_tenant() without digits clears the tenant');\n"
            "select * from finish();\nrollback;\n"
        ),
        pgtap_dsn,
    )
    assert outcome.ok, outcome.report()


def test_missing_server_is_one_sentence(write_file: Write) -> None:
    path = write_file("begin; rollback;")
    with pytest.raises(StanchionError, match="cannot connect to the test database: ") as error:
        run(path, "host=/nonexistent dbname=none")
    assert "\n" not in str(error.value)


def test_missing_pgtap_is_reported_with_the_remedy(write_file: Write, pgtap_dsn: str) -> None:
    dsn = psycopg.conninfo.make_conninfo(pgtap_dsn, options="-c search_path=public")
    report = run(write_file("begin;\nselect plan(1);\nrollback;"), dsn).report()
    assert "hint: pgTAP is not in this database; pgtap-runner --install puts it there." in report


def test_installing_twice_changes_nothing(pgtap_dsn: str) -> None:
    assert install(pgtap_dsn) == "already installed"


def test_path_below_the_working_directory_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runner.shown(tmp_path / "a" / "b.test.sql") == "a/b.test.sql"
    assert runner.shown(tmp_path.parent / "b.test.sql") == str(tmp_path.parent / "b.test.sql")
