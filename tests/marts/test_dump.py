"""stanchion restore returns the marts, grants and consumer positions of stanchion dump, on another server."""

from pathlib import Path

import psycopg
import pytest

from tests.conftest import Cluster
from tests.marts.test_backup import Source, check
from tests.marts.test_backup import source as source
from tests.program import call_stanchion
from tests.replicas.conftest import new_server


@pytest.mark.long
@pytest.mark.slow
def test_a_restored_dump_of_sample_data_is_complete(source: Source, cluster: Cluster, tmp_path: Path) -> None:
    for table in ("event", "event_stream", "consumer"):  # like a server that has been in use for years
        source.built.conn.execute(
            f"update core.{table} set transaction_id = (transaction_id::text::bigint + 4000000000)::text::xid8"
        )
    out = str(tmp_path / "dump")
    dumped = call_stanchion("dump", "--out", out, "--jobs", "2", database_url=source.dsn)
    assert dumped.code == 0, dumped.err
    with new_server(cluster) as server, server:

        def restored(*options: str) -> str:
            outcome = call_stanchion("restore", out, "--into", "stats", *options, database_url=server.dsn("postgres"))
            assert outcome.code == 0, outcome.out + outcome.err
            return outcome.out

        events = source.built.rows("select count(*) as n from core.event")[0]["n"]
        printed = restored("--jobs", "2")
        for line in (
            f"{events} events now carry transaction ids of this server; no consumer misses one.",
            "restored_reader reads ours again.",
            "The database equals the catalog of the last deploy.",
        ):
            assert line in printed
        check(source, server.dsn("stats"), tmp_path, "build")
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
            conn.execute("drop database stats")
            conn.execute("drop role restored_reader")
            conn.execute("create role restored_reader login in role stanchion_analyst")  # can be another person
        assert "The login restored_reader, which read ours, existed before the restore" in restored()
