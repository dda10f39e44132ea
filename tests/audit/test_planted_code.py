"""Code that a builder planted in the marts never runs with rights that the builder does not have.

The planted functions end `set role` and write a file of the server, which only a superuser may do.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access import builder
from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.audit.rules import broken
from stanchion.marts import build
from stanchion.server import locate
from tests.audit.test_isolation import attack_only as attack_only
from tests.conftest import Outcome
from tests.marts.platform import Platform
from tests.program import call_stanchion

FOLDER = "/tmp/planted-code-of-the-test"  # replaced by a folder that the server may write

FUNCTIONS = f"""
    create function marts.plant(p_kind text) returns boolean language plpgsql as $$
    begin
        begin
            perform set_config('role', 'none', true);
        exception when insufficient_privilege then null;  -- Postgres refuses it while an index is created or analyzed
        end;
        if (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) then
            execute format('copy (select 1) to %L', '{FOLDER}/' || p_kind);
        end if;
        return true;
    end $$;
    create function marts.plant_text(p_kind text) returns text language sql as
        $$select case when marts.plant(p_kind) then p_kind end$$;
    create function marts.plant_now(p_kind text) returns boolean language sql immutable as
        $$select marts.plant(p_kind)$$;
    create function marts.plant_row() returns trigger language plpgsql as
        $$begin perform marts.plant(tg_argv[0]); return new; end$$;
    create function marts.plant_cast(p_row marts.dim_team) returns text language sql as
        $$select marts.plant_text('cast')$$;
    create function marts.plant_equal(p_one text, p_other text) returns boolean language sql as
        $$select p_one = p_other and marts.plant('operator')$$;
"""

# each kind with its statements, which the builder executes after those above, and the object that the rule names
KINDS: dict[str, tuple[str, str]] = {
    "function": ("", "marts.plant"),
    "trigger for rows": (
        "create trigger planted before insert or update on marts.dim_team "
        "for each row execute function marts.plant_row('trigger')",
        "marts.dim_team",
    ),
    "trigger for statements": (
        "create trigger planted after insert or delete on marts.fact_team_game "
        "for each statement execute function marts.plant_row('statement')",
        "marts.fact_team_game",
    ),
    "default": (
        "alter table marts.dim_season add column planted text default marts.plant_text('default')",
        "marts.dim_season",
    ),
    "generated value": (
        "alter table marts.fact_stint add column planted boolean "
        "generated always as (marts.plant_now('generated')) stored",
        "marts.fact_stint",
    ),
    "view": (
        "do $$ begin execute format('create or replace view marts.standings with (security_invoker = true) as "
        "select * from (%s) as s where marts.plant(''view'')', "
        "rtrim(pg_catalog.pg_get_viewdef('marts.standings'), ';')); end $$",
        "marts.standings",
    ),
    "view with built-in functions": (
        "do $$ begin execute format('create or replace view marts.head_to_head with (security_invoker = true) as "
        "select * from (%s) as s where set_config(''role'', ''none'', true) is not null', "
        "rtrim(pg_catalog.pg_get_viewdef('marts.head_to_head'), ';')); end $$",
        "marts.head_to_head",
    ),
    "view with a function of the owner": (
        "do $$ begin execute format('create or replace view marts.usage_month with (security_invoker = true) as "
        "select * from (%s) as s where core.secure_relation(''core.tenant'')', "
        "rtrim(pg_catalog.pg_get_viewdef('marts.usage_month'), ';')); end $$",
        "marts.usage_month",
    ),
    "view of the working tables": (
        "do $$ begin execute format('create or replace view staging.int_game with (security_invoker = true) as "
        "select * from (%s) as s where marts.plant(''staging'')', "
        "rtrim(pg_catalog.pg_get_viewdef('staging.int_game'), ';')); end $$",
        "staging.int_game",
    ),
    "rule": (
        "create rule planted as on delete to marts.fact_assist do also select marts.plant('rule')",
        "marts.fact_assist",
    ),
    "policy": (
        "create policy planted on marts.fact_player_game as restrictive for all to stanchion_builder "
        "using (marts.plant('policy')) with check (marts.plant('policy'))",
        "marts.fact_player_game",
    ),
    "operator": (
        "create operator marts.=== (leftarg = text, rightarg = text, function = marts.plant_equal); "
        "create view marts.planted_operator with (security_invoker = true) as "
        "select t.team_name operator(marts.===) 'x' as is_equal from marts.dim_team as t",
        "marts.planted_operator",
    ),
    "index expression": (
        "create index planted_index on marts.fact_event ((marts.plant_now('index')))",
        "marts.fact_event",
    ),
    "index on a partition": (
        "do $$ begin execute format('create index planted_part on mart_parts.%I ((marts.plant_now(''partition'')))', "
        "(select min(c.relname) from pg_catalog.pg_class as c where c.relnamespace = 'mart_parts'::regnamespace "
        "and c.relkind = 'r')); end $$",
        "mart_parts.",
    ),
    "index predicate": (
        "create index planted_predicate on marts.fact_goalie_game (game_key) where marts.plant_now('predicate')",
        "marts.fact_goalie_game",
    ),
    "statistics": (
        "create statistics marts.planted_statistics on (marts.plant_now('statistics')) from marts.fact_assist",
        "marts.fact_assist",
    ),
    "materialized view": (
        "create materialized view marts.planted_matview as select marts.plant('matview') as planted with no data",
        "marts.planted_matview",
    ),
    "check constraint": (
        "alter table marts.fact_shot_attempt add constraint planted check (marts.plant('check')) not valid",
        "marts.fact_shot_attempt",
    ),
    "enforced foreign key": (
        "alter table marts.fact_goalie_game add constraint planted "
        "foreign key (tenant_id, game_key) references marts.dim_game (tenant_id, game_key)",
        "marts.fact_goalie_game",
    ),
    "domain": (
        "create domain marts.planted_domain as text check (marts.plant('domain')); "
        "alter table marts.dim_game add column planted marts.planted_domain",
        "marts.planted_domain",
    ),
    "cast": ("create cast (marts.dim_team as text) with function marts.plant_cast(marts.dim_team)", "the cast"),
}

# A build writes only rows that differ, so these rows are changed before the code is planted.
FACTS = ["fact_assist", "fact_event", "fact_shot_attempt", "fact_stint", "fact_team_game"]

# the kinds that run in a build or a report, and do not make it fail
RUNS = [
    "trigger for rows", "trigger for statements", "view", "view of the working tables", "rule", "policy",
    "index expression", "index on a partition", "index predicate", "check constraint",
]  # fmt: skip


class Planted:
    """A platform on which a builder can plant, and the folder in which planted code leaves its marks."""

    def __init__(self, platform: Platform, login: str, folder: Path) -> None:
        self.platform, self.login, self.folder = platform, login, folder

    def plant(self, *kinds: str) -> None:
        """Plant as a login of the builder, which no operator watches."""
        with psycopg.connect(self.login, autocommit=True) as conn:
            conn.execute("set role stanchion_builder")
            conn.execute("delete from marts.dim_team")
            for fact in FACTS:
                conn.execute(f"update marts.{fact} set game_key = game_key || ' of another'".encode())
            conn.execute(FUNCTIONS.replace(FOLDER, str(self.folder)))
            for kind in kinds:
                conn.execute(KINDS[kind][0] or "select")
        assert self.marks() == set(), "planting itself must leave no mark"

    def marks(self) -> set[str]:
        """Return the kinds of planted code that ran as a superuser."""
        return {path.name for path in self.folder.iterdir()}

    def treat_as_embedded(self, patch: pytest.MonkeyPatch) -> None:
        """Let every command take the server of the test for the embedded one."""
        reach = locate.reach
        patch.setattr(locate, "reach", lambda *args, **options: replace(reach(*args, **options), embedded=True))

    def run(self, *args: str) -> Outcome:
        return call_stanchion(*args, database_url=self.platform.server.dsn)


@pytest.fixture
def planted(built: Platform) -> Iterator[Planted]:
    folder = Path(tempfile.mkdtemp(prefix="stanchion-planted-"))
    folder.chmod(0o777)
    built.conn.execute("create role planter login password 'planter' in role stanchion_builder")
    add_analyst(built.conn, "planted_reader", ["ours"])
    try:
        login = make_conninfo(built.server.dsn, user="planter", password="planter")
        yield Planted(built, login, folder)
    finally:
        revoke_analyst(built.conn, "planted_reader", [])
        for login in ("planter", "embedded_builder"):
            built.conn.execute(f"drop role if exists {login}")
        shutil.rmtree(folder)


def rule_findings(conn: Any) -> list[str]:
    return [f"{finding.object} {finding.problem}" for finding in broken(conn, builder.RULE)]


def test_marts_of_the_project_are_not_findings(built: Platform) -> None:
    assert rule_findings(built.conn) == []


def test_each_planted_object_is_named_with_its_removal(planted: Planted) -> None:
    with psycopg.connect(planted.login, autocommit=True) as conn:
        conn.execute("set role stanchion_builder")
        for kind, (statements, culprit) in KINDS.items():
            with conn.transaction(force_rollback=True):
                conn.execute(FUNCTIONS)
                conn.execute(statements or "select")
                found = rule_findings(conn)
                assert any(line.startswith(culprit) for line in found), (kind, found)
                while found:  # a removal with cascade also removes other findings
                    conn.execute(found[0].rpartition("Remove it with: ")[2])
                    before, found = found, rule_findings(conn)
                    assert set(found) < set(before), kind


def test_the_planted_code_would_become_superuser(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the protection, a build and a report of a superuser run the code. Otherwise these tests prove nothing."""
    planted.plant(*RUNS)
    monkeypatch.setattr(builder, "refuse_planted", lambda conn: None)
    build(planted.platform.server, full_refresh=True, test=False)
    assert {"trigger", "statement", "staging", "rule", "policy", "check"} <= planted.marks()
    planted.run("report", "--tenant", "ours", "--out", str(planted.folder / "page.html"))
    assert {"view", "policy"} <= planted.marks()


def refusal(outcome: Outcome) -> str:
    assert outcome.code == 1, outcome
    return outcome.err.strip().splitlines()[-1]


OPERATORS = [
    ["build", "--full-refresh"],
    ["build"],
    ["report", "--tenant", "ours"],
    ["report", "--tenant", "ours", "--as", "planted_reader"],
    ["doctor"],
    ["doctor", "--deep"],
    ["verify"],
    ["stats"],
    ["stats", "refresh"],
    ["games", "quality", "--tenant", "ours"],
    ["partitions", "run"],
    ["partitions", "status"],
    ["deploy"],
    ["after-restore", "--yes"],
    ["tenant", "list"],
    ["audit", "--matrix"],
]


@pytest.mark.parametrize("embedded", [False, True], ids=["configured server", "embedded server"])
def test_no_command_of_an_operator_runs_planted_code(
    embedded: bool, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted.plant(*KINDS)
    out = planted.folder / "page.html"
    if embedded:
        planted.treat_as_embedded(monkeypatch)
    for command in OPERATORS:
        planted.run(*command, *(["--out", str(out)] if command[0] == "report" else []))
        out.unlink(missing_ok=True)
        assert planted.marks() == set(), command


def test_build_and_report_of_a_superuser_name_the_planted_object(planted: Planted) -> None:
    planted.plant("rule")
    found = refusal(planted.run("build"))
    assert "marts.fact_assist has the rule planted; the project does not make this." in found
    assert "drop rule planted on marts.fact_assist" in found
    assert "STANCHION_BUILDER_DSN" in found
    assert "marts.fact_assist" in refusal(
        planted.run("report", "--tenant", "ours", "--out", str(planted.folder / "x.html"))
    )
    assert "has the rule planted" in planted.run("doctor").out


def test_no_text_in_the_database_is_executed(planted: Planted) -> None:
    """A build without changes compares marts by queries, which a builder cannot replace through core.close_window."""
    assert planted.run("build").code == 0
    text = f"reset role; copy (select 1) to '{planted.folder}/text'; select false"
    with psycopg.connect(planted.login, autocommit=True) as conn:
        conn.execute("set role stanchion_builder")
        (arguments,) = conn.execute("select pronargs from pg_proc where proname = 'close_window'").fetchall()[0]
        marts = conn.execute("select model, changes from core.stat_refresh where changes is not null").fetchall()
        for mart in marts:
            texts = [*mart, *([text] * (arguments - 2))]
            conn.execute(f"select core.close_window({', '.join(['%s'] * arguments)})".encode(), texts)
    assert len(marts) > 20
    assert planted.run("build").code == 0
    assert planted.marks() == set()


@pytest.mark.slow
@pytest.mark.long
def test_an_audit_names_planted_code_and_does_not_run_it(planted: Planted, attack_only: Callable[..., None]) -> None:
    attack_only("marts.dim_", "core.tenant")
    planted.plant(*RUNS, "cast")
    outcome = planted.run("audit")
    assert outcome.code == 1
    assert "marts.dim_team: has the trigger planted" in outcome.out
    assert planted.marks() == set()
    assert planted.platform.rows("select from marts.dim_team where team_name like 'mark%'") == []


def test_psql_of_a_superuser_is_refused_until_the_code_is_removed(planted: Planted) -> None:
    planted.plant("view")
    read = ["-Atc", "select count(*) from marts.standings"]
    assert planted.run("tool", "psql", *read).code == 1
    found = planted.run("psql", *read)
    assert found.code == 1
    removals = re.findall(r"Remove it with: (drop .*? cascade)", found.err)
    assert removals == ["drop routine marts.plant(text) cascade"]
    assert planted.run("psql", "--unchecked", "-qc", removals[0]).code == 0
    assert planted.marks() == set()


def test_build_and_report_run_planted_code_as_the_builder(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code runs, because the builder may change the marts, and has no other rights there."""
    planted.plant(*RUNS)
    planted.treat_as_embedded(monkeypatch)
    outcome = planted.run("build", "--full-refresh")
    assert outcome.code == 0, outcome
    page = planted.folder / "page.html"
    outcome = planted.run("report", "--tenant", "ours", "--out", str(page))
    assert outcome.code == 0, outcome
    page.unlink()
    assert planted.marks() == set()


def test_a_login_of_the_builder_replaces_the_operators(planted: Planted) -> None:
    planted.plant(*RUNS)
    page = planted.folder / "page.html"
    for command in (["build", "--full-refresh"], ["report", "--tenant", "ours", "--out", str(page)]):
        outcome = call_stanchion(
            *command, database_url=planted.platform.server.dsn, STANCHION_BUILDER_DSN=planted.login
        )
        assert outcome.code == 0, outcome
        page.unlink(missing_ok=True)
        assert planted.marks() == set()


def test_a_login_with_other_rights_is_not_a_builder(planted: Planted) -> None:
    built = planted.platform
    for right, words in (
        ("in role stanchion_builder, stanchion_loader", "is a member of stanchion_loader"),
        ("createrole in role stanchion_builder", "may create roles"),
        ("in role stanchion_app", "is not a member of stanchion_builder"),
    ):
        built.conn.execute(f"create role planted_other login password 'other' {right}")
        try:
            dsn = make_conninfo(built.server.dsn, user="planted_other", password="other")
            assert words in refusal(call_stanchion("build", database_url=built.server.dsn, STANCHION_BUILDER_DSN=dsn))
        finally:
            built.conn.execute("drop role planted_other")
    elsewhere = make_conninfo(planted.login, dbname="postgres")
    outcome = call_stanchion("build", database_url=built.server.dsn, STANCHION_BUILDER_DSN=elsewhere)
    assert "STANCHION_BUILDER_DSN is another database" in refusal(outcome)


def test_the_login_of_the_embedded_server_is_repaired(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    built = planted.platform
    planted.treat_as_embedded(monkeypatch)
    assert planted.run("build").code == 0
    for change in (
        "alter role embedded_builder password 'other'",
        "alter role embedded_builder superuser",
        "grant stanchion_owner to embedded_builder",
        "revoke stanchion_builder from embedded_builder",
        "alter role embedded_builder nologin",
    ):
        built.conn.execute(change)
        assert planted.run("build").code == 0, change
        (row,) = built.rows(
            "select r.rolsuper, array(select m.roleid::regrole::text from pg_auth_members as m where m.member = r.oid) "
            "as roles from pg_roles as r where r.rolname = 'embedded_builder'"
        )
        assert row == {"rolsuper": False, "roles": ["stanchion_builder"]}, change
    built.conn.execute("comment on role embedded_builder is 'of another program'")
    assert "was not created by Stanchion" in refusal(planted.run("build"))
