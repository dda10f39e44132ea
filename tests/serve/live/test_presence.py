"""Presence is flushed in batches, and followers see who comes and goes as far as they may know."""

import asyncio
import time
from uuid import UUID

import pytest

from stanchion.serve.live.hub import Limits
from stanchion.serve.live.part import Live
from stanchion.serve.settings import Settings
from tests.serve.live.client import Db, stream
from tests.serve.web import Web, token
from tests.workspace.team import acting, add_members


@pytest.mark.parametrize("count", [5_000, pytest.param(50_000, marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def test_presences_are_flushed_in_few_transactions(count: int, db: Db, login: str, tenants: dict[str, str]) -> None:
    ids = [UUID(each) for each in add_members(db, tenants["ours"], count)]
    other = [UUID(each) for each in add_members(db, tenants["theirs"], 10)]
    held = "select count(*) from workspace.presence where tenant_id = %s and last_seen > now() - interval '1 minute'"

    async def main() -> None:
        live = Live(Settings(dsn=login), Limits())
        await live._database.open()
        presence, began = live.presence, time.monotonic()
        for principal in ids:
            presence.arrive(UUID(tenants["ours"]), principal)
        for principal in other:
            presence.beat(UUID(tenants["theirs"]), principal)
        await presence.flush()
        first = presence.transactions
        await presence.flush()  # those that stay connected are flushed again, in as few transactions
        took = time.monotonic() - began
        print(f"{presence.held} presences, {first} transactions, two flushes in {took:.2f} s")  # noqa: T201
        assert presence.held == len(ids), "those without a stream are forgotten after their flush"
        # two flushes are half a minute apart; the target is one transaction a second per 1,000 presences
        assert 0 < first <= len(ids) // 5000 + 2
        assert presence.transactions <= 2 * first
        for principal in ids:
            presence.depart(UUID(tenants["ours"]), principal)
        await presence.flush()
        await presence.flush()
        assert presence.held == 0, "memory is given back"
        await live._database.close()

    asyncio.run(main())
    assert db.execute(held, [tenants["ours"]]).fetchone()[0] == len(ids)
    assert db.execute(held, [tenants["theirs"]]).fetchone()[0] == len(other)


def test_tenant_that_is_removed_does_not_keep_back_others(db: Db, login: str, tenants: dict[str, str]) -> None:
    (mine, *_) = add_members(db, tenants["ours"], 1)

    async def main() -> None:
        live = Live(Settings(dsn=login))
        await live._database.open()
        live.presence.beat(UUID(tenants["ours"]), UUID(mine))
        live.presence.beat(UUID(int=5), UUID(int=6))
        await live.presence.flush()
        await live._database.close()

    asyncio.run(main())
    assert db.execute("select count(*) from workspace.presence").fetchone() == (1,)


def test_followers_see_who_comes_and_goes(web: Web, db: Db, tenants: dict[str, str]) -> None:
    with acting(db, tenants["ours"]):
        db.execute("select core.set_tenant_config('workspace', 'presence_seconds', '3')")
    ann, bob, eve = sorted(add_members(db, tenants["ours"], 3))[:3]
    with acting(db, tenants["ours"]):
        db.execute("insert into workspace.block (tenant_id, principal_id, blocked_id) values (%s, %s, %s)",
                   [tenants["ours"], bob, eve])  # fmt: skip
    path = f"/live/presence?principal={bob}"
    with (
        stream(web, path, token(tenants["ours"], sub=ann)) as follower,
        stream(web, path, token(tenants["ours"], sub=eve)) as blocked,
    ):
        follower.wait(lambda: follower.states("presence") == [{bob: False}])
        with stream(web, "/live/events", token(tenants["ours"], sub=bob)):
            follower.wait(lambda: follower.states("presence")[-1] == {bob: True})
        follower.wait(lambda: follower.states("presence")[-1] == {bob: False})
        assert {tuple(each.items()) for each in blocked.states("presence")} == {((bob, False),)}
