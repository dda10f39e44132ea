"""A clock for tests of several sessions: one time for all of them, which goes on with every look."""

from typing import Any

import psycopg

MIDNIGHT = "2030-01-05 00:00:00+00"


def share_clock(db: psycopg.Connection[Any]) -> None:
    """Put in the place of core.clock() one that goes on by a millisecond, give or take ten, at every call.

    So some sessions see 23:59:59.999 after others have seen 00:00:00.001, as with two servers. A sequence is
    outside of transactions: under every isolation level the time is that of now.
    """
    db.execute("create sequence public.milliseconds")
    db.execute("grant usage on sequence public.milliseconds to public")
    db.execute(
        "create or replace function core.clock() returns timestamptz language sql volatile return "
        f"timestamptz '{MIDNIGHT}' - interval '1 day' "
        "+ (nextval('public.milliseconds') + (random() - 0.5) * 20) * interval '1 millisecond'"
    )
    db.execute("select core.ensure_partitions('core.idempotency_key', '2030-01-01', '2030-01-10')")


def set_clock(db: psycopg.Connection[Any], milliseconds: int) -> None:
    """So many milliseconds from midnight."""
    db.execute("select setval('public.milliseconds', %s)", [86_400_000 + milliseconds])


def uuid7(milliseconds: int, number: int) -> str:
    """A UUIDv7 made so many milliseconds from midnight."""
    made = f"{1893801600000 + milliseconds:012x}"  # MIDNIGHT, since 1970
    return f"{made[:8]}-{made[8:]}-7000-8000-{number:012x}"
