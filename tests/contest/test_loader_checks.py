"""The check of the loader on the rows of games: it compares the text of the setting first, and admits the same rows."""

from collections.abc import Callable

import psycopg
import pytest

from tests.sessions import Db

TABLES = ("play_event", "play_participant", "play_point", "stint", "stint_player")
INSERT = """
    insert into contest.play_point (tenant_id, played_on, game_key, event_no, kind, participant_no, point_no, x, y)
    values (%s, current_date, 'a game', %s, 'puck', -1, 0, 1, 1)
"""


@pytest.fixture
def loader(make_login: Callable[..., str]) -> str:
    return make_login("stanchion_loader")


@pytest.mark.parametrize("spelling", [str, str.upper], ids=["canonical", "upper case"])
def test_loader_writes_rows_of_its_tenant(loader: str, tenants: dict[str, str], spelling: Callable[[str], str]) -> None:
    with psycopg.connect(loader, autocommit=True) as conn:
        conn.execute("select set_config('app.tenant_id', %s, false)", [spelling(tenants["ours"])])
        assert conn.execute(INSERT, [tenants["ours"], 1]).rowcount == 1


@pytest.mark.parametrize("setting", ["ours", "", "x", "%", "{ours}"])
def test_loader_cannot_write_rows_of_another_tenant(loader: str, tenants: dict[str, str], setting: str) -> None:
    """A setting that is not a tenant admits no row, not even one of the tenant whose id it contains."""
    text = setting.replace("ours", tenants["ours"])
    refused = ["theirs"] if setting == "ours" else ["ours", "theirs"]
    with psycopg.connect(loader, autocommit=True) as conn:
        conn.execute("select set_config('app.tenant_id', %s, false)", [text])
        for slug in refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(INSERT, [tenants[slug], 1])


def test_tables_of_games_have_the_same_check(db: Db) -> None:
    rows = db.execute(
        "select distinct with_check from pg_policies where policyname = 'loads_own_tenant' and schemaname = 'contest' "
        "and tablename = any(%s)",
        [list(TABLES)],
    ).fetchall()
    assert len(rows) == 1
