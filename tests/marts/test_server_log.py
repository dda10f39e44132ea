"""The server's log of a build contains no warning, so that a warning in it means a fault."""

from pathlib import Path

import pytest

from tests.marts.platform import Platform
from tests.program import call_stanchion


@pytest.mark.slow
@pytest.mark.long
def test_a_build_from_scratch_logs_no_warning(built: Platform) -> None:
    log = Path(built.rows("show data_directory")[0]["data_directory"]) / "server.log"
    begins = log.stat().st_size
    built.conn.execute("do $$ begin raise warning 'a warning is logged'; end $$")
    assert call_stanchion("build", "--full-refresh", database_url=built.server.dsn).code == 0
    logged = log.read_bytes()[begins:].decode(errors="replace").splitlines()
    own = [line for line in logged if f"@{built.conn.info.dbname} " in line and "WARNING:" in line]
    assert [line.partition("WARNING:")[2].strip() for line in own] == ["a warning is logged"]
    partitions = built.rows(
        "select c.relname, c.reltuples, c.relacl::text as acl from pg_inherits as i "
        "join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'marts.fact_event'::regclass"
    )
    assert all(each["reltuples"] >= 0 for each in partitions), "a partition that was never analyzed has -1"
    assert {each["acl"] for each in partitions} == {"{}"}, "the right to analyze was granted for the transaction only"
