"""The endpoint that an application would write by hand, for the comparison in docs/decisions/0067.

Usage: python -m tests.serve.handwritten DSN SECRET PORT. It verifies the token, sets the tenant, and runs a statement.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from fastapi.security import HTTPBearer
from psycopg_pool import AsyncConnectionPool

dsn, secret, port = sys.argv[1:]
pool = AsyncConnectionPool(dsn, min_size=2, max_size=10, open=False)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with pool:
        yield


app = FastAPI(lifespan=lifespan)
QUERY = """
    select coalesce(json_agg(r), '[]')::text from (
        select team_key, name from contest.team where team_key >= %s order by team_key limit %s
    ) as r
"""


def tenant_of(bearer: Annotated[object, Depends(HTTPBearer())]) -> str:
    claims = jwt.decode(bearer.credentials, secret, algorithms=["HS256"], audience="authenticated", leeway=30)
    return claims["app_metadata"]["tenant_id"]


@app.get("/team")
async def team(request: Request, tenant: Annotated[str, Depends(tenant_of)], first: str, limit: int = 1000) -> Response:
    async with pool.connection() as conn:
        await conn.execute(
            "select set_config('role', 'stanchion_app', true), core.set_local('app.tenant_id', %s)", [tenant]
        )
        row = await (await conn.execute(QUERY, [first, limit])).fetchone()
    return Response(row[0], media_type="application/json")


uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
