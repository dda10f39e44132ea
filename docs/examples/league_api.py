"""Pages of a league as JSON, read from the marts. Each league has its own host name: stanchion tenant domain."""

import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

# DATABASE_URL is that of a login made with: stanchion login add pages --as app
# A pooler may be in between, so no statement is prepared.
SETTINGS: dict[str, Any] = {"row_factory": dict_row, "prepare_threshold": None}
pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(os.environ["DATABASE_URL"], kwargs=SETTINGS, open=True)
app = FastAPI(title="Pages of a league")


def transaction(request: Request) -> Iterator[Connection[DictRow]]:
    """Yield a transaction that reads the marts of the tenant to which the host name of the request belongs."""
    with pool.connection() as conn:
        found = conn.execute("select core.tenant_for_domain(%s)::text as id", [request.url.hostname]).fetchone()
        if not found or found["id"] is None:
            raise HTTPException(404, f"The host name {request.url.hostname} belongs to no league.")
        conn.execute("select core.set_local('app.tenant_id', %s), core.plan_for_marts()", [found["id"]])
        yield conn


Marts = Annotated[Connection[DictRow], Depends(transaction)]


@app.get("/standings/{season}")
def standings(marts: Marts, season: str, game_type: str = "Regular") -> list[DictRow]:
    wanted = "select * from marts.standings where season_key = %s and game_type = %s order by place, team_name"
    return marts.execute(wanted, [season, game_type]).fetchall()


@app.get("/games/{game}/players")
def players(marts: Marts, game: str) -> list[DictRow]:
    wanted = "select * from marts.fact_player_game where game_key = %s order by side, points desc, person_name"
    return marts.execute(wanted, [game]).fetchall()
