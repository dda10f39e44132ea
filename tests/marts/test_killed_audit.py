"""An audit that is killed holds no build back, breaks no rule of a league, and is cleaned up by the next audit."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from stanchion.dev.sample.files import export
from stanchion.marts.run import is_current
from tests.conftest import PROGRAM, run_stanchion
from tests.marts.platform import Platform


def kill_audit(platform: Platform) -> None:
    """Start an audit and kill it with SIGKILL once its tenants have their rows and the attacks have begun."""
    command = [PROGRAM, "--dsn", platform.server.dsn, "audit"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if "stanchion_app for its tenant" in line:
                break
        process.kill()
    platform.settle("application_name = 'stanchion' and pid <> pg_backend_pid()")
    assert platform.rows("select from core.tenant where slug like 'stanchion-audit-%'"), "the audit left nothing"


@pytest.mark.slow
def test_a_killed_audit_holds_no_build_back(built: Platform, tmp_path: Path) -> None:
    ours = built.leagues["ours"]
    kill_audit(built)
    changed = ours.games[0]
    ours.trees[changed.game_id] = export(changed) | {"events": export(changed)["events"][:1400]}
    ours.load(built.server, tmp_path, [changed], accept_shrink=True)
    assert not is_current(built.server)
    built.build()
    assert is_current(built.server)
    events = (
        "select count(*) as n from marts.fact_event join core.tenant as t using (tenant_id) "
        "where t.slug = 'ours' and game_key = '1001'"
    )
    assert built.rows(events)[0]["n"] == 1400
    assert built.rows("select count(*) as n from contest.league_rules")[0]["n"] > 0
    assert built.rows("select from landing.load_batch where state = 'running'") == []
    built.build(full_refresh=True)
    assert (
        built.rows("select from marts.fact_event join core.tenant as t using (tenant_id) where t.slug ~ 'audit'") == []
    )
    doctor = run_stanchion("doctor", database_url=built.server.dsn)
    assert "An audit was killed" in doctor.out


@pytest.mark.slow
def test_a_build_names_the_load_that_holds_it_back(built: Platform) -> None:
    with psycopg.connect(built.server.dsn) as slow:
        slow.execute("select set_config('app.tenant_id', tenant_id::text, true) from core.tenant where slug = 'ours'")
        (load,) = slow.execute("select landing.begin_load('games', 'slow')").fetchone()
        slow.commit()
        built.conn.execute(
            "update landing.load_batch set started_at = started_at - interval '2 hours' where load_id = %s", [load]
        )
        done = run_stanchion("build", database_url=built.server.dsn, DBT_TARGET_PATH=os.environ["DBT_TARGET_PATH"])
        session = f"session {slow.info.backend_pid} of {slow.info.user}"
    assert done.code == 0, done.err
    assert f"Load {load} of ours has been running for 2:00:0" in done.err
    assert session in done.err
    assert "Nothing new: the marts wait for running loads." in done.out
