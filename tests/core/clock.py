"""A clock shared by all sessions of a test, which advances with every call."""

from typing import Any

import psycopg

MIDNIGHT = "2030-01-05 00:00:00+00"


def share_clock(db: psycopg.Connection[Any]) -> None:
    """Replace core.clock() by one that advances one millisecond per call, with up to ten milliseconds of noise.

    A session can therefore read 23:59:59.999 after another one has read 00:00:00.001, as with two servers. A sequence
    is not transactional, so the clock advances under every isolation level.
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
    """Set the clock to the given number of milliseconds after midnight."""
    db.execute("select setval('public.milliseconds', %s)", [86_400_000 + milliseconds])


def uuid7(milliseconds: int, number: int) -> str:
    """Return a UUIDv7 created the given number of milliseconds after midnight."""
    made = f"{1893801600000 + milliseconds:012x}"  # MIDNIGHT in milliseconds since 1970
    return f"{made[:8]}-{made[8:]}-7000-8000-{number:012x}"
