"""A claim reads few pages for every outcome, independent of the number of keys of the tenant."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.core.clock import set_clock, share_clock, uuid7
from tests.sessions import Db

KEYS = 20_000  # keys of each of two days: more than 400 pages
CLAIM = "select outcome from core.claim_key({}, {}, '30 s')"
COMPLETE = "select core.complete_key({}, 2, 200, 'done')"


@pytest.mark.parametrize("keys", [("warm", "a key of text"), (uuid7(0, 1), uuid7(0, 2))])
def test_every_outcome_reads_few_pages(
    keys: tuple[str, str], db: Db, tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    share_clock(db)
    db.execute(
        "insert into core.idempotency_key "
        "(tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint) "
        "select %s, gen_random_uuid(), date '2030-01-05' - d, 1, '2030-01-05', '2030-01-05', 'f' "
        "from generate_series(1, %s), generate_series(0, 1) as d",
        [tenants["ours"], KEYS],
    )
    login = make_conninfo(make_login("stanchion_app"), options=f"-c app.tenant_id={tenants['ours']}")
    with psycopg.connect(login, autocommit=True, cursor_factory=psycopg.ClientCursor) as conn:
        for key in keys:  # the first key makes the session create its plans
            read = walk(db, conn, key)
    assert max(read.values()) < 60, read


def walk(db: Db, conn: Db, key: str) -> dict[str, int]:
    """Produce every outcome, and return the number of pages that each reads."""
    set_clock(db, 3_600_000)
    read = {"claimed": pages(conn, CLAIM, key, "f")}
    assert conn.execute(CLAIM.format("%s", "%s"), [key, "f"]).fetchone() == ("in_progress",)
    read["in_progress"] = pages(conn, CLAIM, key, "f")
    read["mismatch"] = pages(conn, CLAIM, key, "g")
    set_clock(db, 3_700_000)
    read["takeover"] = pages(conn, CLAIM, key, "f")
    read["complete"] = pages(conn, COMPLETE, key)
    assert conn.execute(CLAIM.format("%s", "%s"), [key, "f"]).fetchone() == ("replay",)
    read["replay"] = pages(conn, CLAIM, key, "f")
    return read


def pages(conn: Db, statement: str, *values: str) -> int:
    asked = "explain (analyze, buffers, format json) " + statement.format(*["%s"] * len(values))
    (answer,) = conn.execute(asked, values).fetchone()
    return int(answer[0]["Plan"]["Shared Hit Blocks"] + answer[0]["Plan"]["Shared Read Blocks"])
