"""DuckDB reads the Parquet files of an export, as docs/analysts/duckdb.md shows."""

from pathlib import Path

import pytest

from tests.marts.platform import Platform
from tests.program import call_stanchion


def test_duckdb_reads_a_parquet_export(built: Platform, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    options = ("--tenant", "ours", "--format", "parquet", "--out", str(tmp_path))
    outcome = call_stanchion("export", "standings", "dim_team", *options, database_url=built.server.dsn)
    assert outcome.code == 0, outcome.err
    found = duckdb.sql(
        f"select s.place, s.team_name, s.points from '{tmp_path}/standings.parquet' as s "
        f"join '{tmp_path}/dim_team.parquet' as t using (tenant_id, team_key) "
        "where s.game_type = 'Regular' order by s.place, s.team_key"
    ).fetchall()
    expected = built.rows(
        "select s.place, s.team_name, s.points from marts.standings as s join core.tenant as t using (tenant_id) "
        "where t.slug = 'ours' and s.game_type = 'Regular' order by s.place, s.team_key"
    )
    assert found == [tuple(row.values()) for row in expected]
    assert len(found) > 1
