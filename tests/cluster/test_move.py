"""A tenant moves to another node while it is used: nothing is lost, nothing is doubled, and nothing is half moved."""

import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stanchion.cluster import move
from stanchion.cluster.nodes import Node as Address
from stanchion.cluster.undo import undo
from stanchion.contest.replay import replay
from stanchion.errors import StanchionError
from stanchion.server.connection import connect
from stanchion.server.locate import Server
from tests.cluster.databases import Distributed, distribute
from tests.cluster.kills import remains
from tests.cluster.nodes import Node
from tests.cluster.traffic import check, connect_at_home, traffic
from tests.cluster.work import Work
from tests.conftest import PROGRAM

MOMENTS = int(os.environ.get("STANCHION_KILLED_MOVES", "2"))  # kills of each node; more of them to prove a release
SHARDS_OF = """
    select count(*)
    from pg_dist_placement
    join pg_dist_shard using (shardid)
    join pg_dist_node using (groupid)
    where logicalrelid = 'core.event_stream'::regclass and nodeport = %s
"""
REFUSE = """
    create function public.refuse() returns trigger language plpgsql as $$
    begin
        if current_setting('session_replication_role') = 'replica' then
            raise 'full';
        end if;
        return new;
    end $$
"""
BURN = "do $$ begin for i in 1..{} loop perform pg_current_xact_id(); commit; end loop; end $$"


def address(node: Node) -> Address:
    return Address("127.0.0.1", node.port)


@contextmanager
def operator(database: Distributed) -> Iterator[psycopg.Connection]:
    dsn = database.dsn(database.coordinator)
    with connect(Server(dsn, "test", embedded=False, description="test")) as conn:
        yield conn


def move_to(database: Distributed, slug: str, node: Node, mode: str = "auto") -> move.Moved:
    with operator(database) as conn:
        return move.move(conn, slug, address(node), mode, lambda line: None)


def move_without_repair(database: Distributed, tenant: str, node: Node) -> None:
    """Move a shard as a person can who calls Citus directly."""
    with operator(database) as conn:
        shard = move.shard_of(conn, tenant)
        conn.execute(
            "select citus_move_shard_placement(%s, %s, %s, '127.0.0.1', %s, 'block_writes')",
            [shard.shard_id, shard.node.host, shard.node.port, node.port],
        )


def burn(database: Distributed, node: Node, number: int) -> None:
    """Use up transaction ids of a node, so that those of the other nodes are lower."""
    with database.connect(node) as conn:
        conn.execute(BURN.format(number))


@pytest.fixture
def tenant(distributed: Distributed) -> str:
    """Create the tenant harbour on the first worker, whose transaction ids are ahead of those of the second one."""
    burn(distributed, distributed.workers[0], 20_000)
    return distributed.make_tenant("harbour", home=distributed.workers[0])


def test_a_tenant_moves_there_and_back_under_load(distributed: Distributed, tenant: str) -> None:
    first, second = distributed.workers
    with traffic(distributed, tenant) as answers:
        time.sleep(1)
        there = move_to(distributed, "harbour", second)
        time.sleep(1)
        back = move_to(distributed, "harbour", first)
        time.sleep(1)
    assert there.repaired >= 1
    assert [each.target for each in (there, back)] == [address(second), address(first)]
    assert set(answers.errors) <= {"55000"}, answers.errors
    check(distributed, tenant, answers)


def test_consumers_miss_events_after_a_move_without_repair(distributed: Distributed, tenant: str) -> None:
    """The fault that `move` prevents. The same command repairs a shard that Citus moved alone, for later events."""
    login = distributed.make_login("stanchion_app")
    append = "select core.append_events('t', %s, null, '[{\"type\": \"a\"}]')"
    poll = "select stream_id, version from core.poll_events('c', 10)"
    with connect_at_home(distributed, tenant, login) as conn:
        conn.execute(append, ["s"])
        assert conn.execute(poll).fetchall() == [("s", 1)]
    move_without_repair(distributed, tenant, distributed.workers[1])
    with connect_at_home(distributed, tenant, login) as conn:
        conn.execute(append, ["new"])
        assert conn.execute(poll).fetchall() == [], "the new node has lower transaction ids than the consumer"
    assert move_to(distributed, "harbour", distributed.workers[1]).repaired == 1
    with connect_at_home(distributed, tenant, login) as conn:
        conn.execute(append, ["new"])
        assert conn.execute(poll).fetchall() == [("new", 2)]


def test_failures_of_an_online_move_are_reported(distributed: Distributed, tenant: str) -> None:
    """A trigger refuses the replicated rows of the target until the move reported it. Then the move ends."""
    second = distributed.workers[1]
    lines: list[str] = []
    with operator(distributed) as conn:
        stream = f"core.event_stream_{move.shard_of(conn, tenant).shard_id}"
    with traffic(distributed, tenant) as answers, distributed.connect(second) as there:
        there.execute("set citus.enable_ddl_propagation = off")
        there.execute(REFUSE)

        def refuse() -> None:
            """Create the trigger as soon as the target has the table."""
            while not there.execute("select to_regclass(%s)", [stream]).fetchone()[0]:
                time.sleep(0.02)
            there.execute("set citus.enable_manual_changes_to_shards = on")
            there.execute(
                f"create trigger refuse before update on {stream} for each row execute function public.refuse()"
            )
            there.execute(f"alter table {stream} enable always trigger refuse")

        def report(line: str) -> None:
            lines.append(line)
            if "has failed" in line:
                there.execute(f"drop trigger refuse on {stream}")

        refusing = threading.Thread(target=refuse)
        refusing.start()
        with operator(distributed) as conn:
            move.move(conn, "harbour", address(second), "auto", report)
        refusing.join()
    assert [line for line in lines if "has failed" in line] == [
        f"127.0.0.1:{second.port} has failed 3 times to apply the changes of the move, and tries again. "
        "The log of its server has the reason. Stop this command to leave the tenants where they are."
    ]
    check(distributed, tenant, answers)


def test_sessions_of_the_old_node_are_refused(distributed: Distributed, tenant: str) -> None:
    first, second = distributed.workers
    login = distributed.make_login("stanchion_app")
    with connect_at_home(distributed, tenant, login) as old:
        old.execute("select core.claim_key('before', 'f')")
        move_to(distributed, "harbour", second)
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"127.0.0.1:{second.port}") as refused:
            old.execute("select core.claim_key('after', 'f')")
        assert f"began at the node 127.0.0.1:{first.port}" in str(refused.value)
        assert old.execute("select count(*) from core.membership").fetchone() == (0,)  # it may read
    with connect_at_home(distributed, tenant, login) as new:
        assert new.execute("select outcome from core.claim_key('before', 'f')").fetchone() == ("in_progress",)
        assert new.execute("select outcome from core.claim_key('after', 'f')").fetchone() == ("claimed",)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_a_transaction_that_was_checked_holds_up_the_move(
    distributed: Distributed, tenant: str, isolation: str
) -> None:
    """The move waits for it; one that begins before the end of the move and writes later is refused."""
    second = distributed.workers[1]
    login = distributed.make_login("stanchion_app")
    with connect_at_home(distributed, tenant, login) as checked, connect_at_home(distributed, tenant, login) as late:
        checked.execute(f"begin isolation level {isolation}")
        checked.execute("select core.tenant_to_write()")
        late.execute(f"begin isolation level {isolation}")
        late.execute("select count(*) from core.tenant")  # takes the snapshot of a repeatable read transaction
        moving = threading.Thread(target=move_to, args=[distributed, "harbour", second])
        moving.start()
        moving.join(6)
        assert moving.is_alive()
        checked.execute("select core.append_events('t', 's', null, '[{\"type\": \"a\"}]')")
        checked.execute("commit")
        moving.join(60)
        assert distributed.home(tenant) == second
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            late.execute("select core.append_events('t', 's', null, '[{\"type\": \"b\"}]')")
        late.execute("rollback")
    with connect_at_home(distributed, tenant, login) as conn:
        assert conn.execute("select version from core.poll_events('c', 10)").fetchall() == [(1,)]


def test_an_isolated_tenant_moves_alone(distributed: Distributed, tenant: str) -> None:
    first, second = distributed.workers
    others: list[str] = []
    with operator(distributed) as conn:
        while len(move.shard_of(conn, tenant).tenants) < 3:
            others.append(distributed.make_tenant(f"other{len(others)}", home=first))
    with traffic(distributed, tenant, writers=2) as answers:
        with operator(distributed) as conn:
            shard, is_new = move.isolate(conn, "harbour", lambda line: None)
            assert [slug for _, slug in shard.tenants] == ["harbour"]
            assert move.isolate(conn, "harbour", lambda line: None) == (shard, False)
        assert is_new
        move_to(distributed, "harbour", second)
    check(distributed, tenant, answers)
    assert {distributed.home(other).port for other in others} == {first.port}


def test_rebalance_gives_the_nodes_equal_shares(distributed: Distributed, tenant: str) -> None:
    first, second = distributed.workers
    login = distributed.make_login("stanchion_app")
    with connect_at_home(distributed, tenant, login) as conn:
        conn.execute("select core.append_events('t', 's', null, '[{\"type\": \"a\"}]')")
    with operator(distributed) as conn:
        for slug in (slug for (slug,) in conn.execute("select slug from core.tenant").fetchall()):
            move.move(conn, slug, address(first), "auto", lambda line: None)
        before = conn.execute(SHARDS_OF, [second.port]).fetchone()[0]
        moved = list(move.rebalance(conn, "shards", "auto", lambda line: None))
        assert len(moved) == 2 - before
        assert conn.execute(SHARDS_OF, [second.port]).fetchone() == (2,)
        assert move.plan_rebalance(conn, "shards") == []
    with connect_at_home(distributed, tenant, login) as conn:
        assert conn.execute("select version from core.poll_events('c', 10)").fetchall() == [(1,)]


def test_consumers_miss_nothing_when_the_entry_changes(distributed: Distributed, tenant: str) -> None:
    """A transaction that was checked delays the change; a session that waits for the change is refused afterwards."""
    first, coordinator = distributed.workers[0], distributed.coordinator
    append = "select core.append_events('t', %s, null, '[{\"type\": \"a\"}]')"
    poll = "select stream_id, version from core.poll_events('c', 10)"
    login = distributed.make_login("stanchion_app")
    with distributed.acting(tenant, first, login) as old, distributed.acting(tenant, first, login) as late:
        old.execute("begin")
        old.execute(append, ["s"])
        changing = threading.Thread(target=distribute, args=[distributed, "coordinator"])
        changing.start()
        changing.join(3)
        assert changing.is_alive()
        waiting = threading.Thread(target=outcome_of, args=[late, append, outcomes := []])
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
        old.execute("commit")
        changing.join(60)
        waiting.join(60)
        assert outcomes == ["55000"]
    with distributed.connect(coordinator, user=login) as conn:
        for statement, found in ((poll, [("s", 1)]), (append, [(1,)]), (poll, [("new", 1)])):
            with conn.transaction():
                conn.execute("select core.set_local('app.tenant_id', %s)", [tenant])
                assert conn.execute(statement, ["new"] if statement == append else None).fetchall() == found
    distribute(distributed, "node")
    with distributed.acting(tenant, first, login) as conn:
        conn.execute(append, ["new"])
        assert conn.execute(poll).fetchall() == [("new", 2)]


def outcome_of(conn: psycopg.Connection, statement: str, outcomes: list[str]) -> None:
    """Append the SQLSTATE of a statement, or ok."""
    try:
        conn.execute(statement, ["late"])
        outcomes.append("ok")
    except psycopg.Error as e:
        outcomes.append(e.sqlstate or "connection")


def test_a_queue_has_its_limit_after_moves_there_and_back(distributed: Distributed, tenant: str) -> None:
    """Jobs that waited all the time have numbers of this node, those of the other node have not."""
    first, second = distributed.workers
    for node, jobs in ((first, 2), (second, 3)):
        with distributed.acting(tenant, node) as conn:
            for number in range(jobs):
                conn.execute("select core.enqueue('stock.orders', '{}', %s)", [f"{node.port} {number}"])
        move_to(distributed, "harbour", second if node is first else first)
    with distributed.connect(first, options=f"-c app.tenant_id={tenant}") as conn:
        deeper = [conn.execute("select core.is_deeper('stock.orders', %s)", [depth]).fetchone()[0] for depth in (4, 5)]
    assert deeper == [True, False]


@pytest.mark.parametrize("is_repaired", [True, False])
def test_events_are_replayed_in_order_after_a_move(distributed: Distributed, is_repaired: bool) -> None:
    """The first node gives lower positions than the second one, and a score refers to an event of another stream."""
    first, second = distributed.workers
    tenant = distributed.make_tenant("cup", home=second)
    with distributed.acting(tenant) as conn:
        conn.execute("select contest.create_competition('cup', 'Cup', 'free')")
        for team in ("ants", "bees"):
            conn.execute("select contest.enter_team('cup', %s)", [team])
        teams = "select team_key from contest.entrant where tenant_id = %s and competition_key = 'cup' order by 1"
        home, away = (team for (team,) in conn.execute(teams, [tenant]).fetchall())
        (game,) = conn.execute("select contest.add_fixture('cup', %s, %s)", [home, away]).fetchone()
    if is_repaired:
        move_to(distributed, "cup", first)
    else:
        move_without_repair(distributed, tenant, first)
    with distributed.acting(tenant) as conn:
        conn.execute("select contest.submit_score(%s, 3, 1, 'k')", [game])
    with operator(distributed) as conn:
        statement = "select recorded_at from core.event where tenant_id = %s order by position"
        times = [time for (time,) in conn.execute(statement, [tenant])]
        assert (times == sorted(times)) == is_repaired
        if is_repaired:
            assert replay(conn, "cup", "cup").differences == []


def test_undo_after_moves_keeps_the_places_of_consumers(distributed: Distributed, tenant: str) -> None:
    """Afterwards events have numbers of two nodes, all higher than those that the coordinator gives next."""
    login = distributed.make_login("stanchion_app")
    for node in distributed.workers:
        move_to(distributed, "harbour", node)
        with connect_at_home(distributed, tenant, login) as conn:
            for stream in ("a", "b"):
                conn.execute("select core.append_events('t', %s, null, '[{\"type\": \"a\"}]')", [stream])
            assert len(conn.execute("select version from core.poll_events('whole', 10)").fetchall()) == 2
            assert len(conn.execute("select version from core.poll_events('half', 1)").fetchall()) == 1
    server = Server(distributed.dsn(distributed.coordinator), "test", embedded=False, description="the coordinator")
    with operator(distributed) as conn:
        undo(server, conn, lambda line: None)
    with distributed.acting(tenant, distributed.coordinator, login) as conn:
        conn.execute("select core.append_events('t', 'new', null, '[{\"type\": \"a\"}]')")
        poll = "select stream_id, version from core.poll_events(%s, 10)"
        assert conn.execute(poll, ["whole"]).fetchall() == [("new", 1)]
        assert conn.execute(poll, ["half"]).fetchall() == [("a", 2), ("b", 2), ("new", 1)]
        assert conn.execute(poll, ["late"]).fetchall() == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("new", 1)]
    with distributed.connect() as conn:
        written = conn.execute(
            "select stream_id, version from core.event where tenant_id = %s order by position", [tenant]
        )
        assert written.fetchall() == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("new", 1)]


def test_everything_continues_while_tenants_are_isolated_and_move(distributed: Distributed, tmp_path: Path) -> None:
    work = Work(distributed, tmp_path)
    first, second = distributed.workers
    with work.running():
        for slug in ("tenant-0", "tenant-1"):
            with operator(distributed) as conn:
                move.isolate(conn, slug, lambda line: None)
            for node in (first, second, first):
                move_to(distributed, slug, node)
                time.sleep(1)
    assert {distributed.home(tenant.id).port for tenant in work.tenants} == {first.port}
    assert list(work.faults()) == [], work.errors()
    assert remains(distributed) == []


def test_a_move_is_refused_with_a_sentence(distributed: Distributed, tenant: str) -> None:
    with operator(distributed) as conn:
        with pytest.raises(StanchionError, match="is not a node that may have shards; choose one of"):
            move.move(conn, "harbour", Address("10.0.0.9", 5432), "auto", lambda line: None)
        with pytest.raises(StanchionError, match="Tenant 'valley' does not exist"):
            move.move(conn, "valley", address(distributed.workers[1]), "auto", lambda line: None)
    worker = distributed.dsn(distributed.workers[0])
    server = Server(worker, "test", embedded=False, description="test")
    with connect(server) as conn, pytest.raises(StanchionError, match="is not the coordinator"):
        move.move(conn, "harbour", address(distributed.workers[1]), "auto", lambda line: None)


def test_the_error_of_a_move_is_shown(distributed: Distributed, tenant: str) -> None:
    """An unlogged table cannot be replicated; the shard stays where it was, and the tenant is written again."""
    with distributed.connect() as conn:
        conn.execute("alter table core.rate_bucket set unlogged")
    with pytest.raises(StanchionError, match=r"^Nothing was moved: .*rate_bucket"):
        move_to(distributed, "harbour", distributed.workers[1])
    with connect_at_home(distributed, tenant, distributed.make_login("stanchion_app")) as conn:
        assert conn.execute("select outcome from core.claim_key('k', 'f')").fetchone() == ("claimed",)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("victim", ["coordinator", "source", "target", "command"])
def test_kill_during_a_move(distributed: Distributed, tenant: str, victim: str) -> None:
    """After the repeated command the tenant is on one node, which all nodes know, and nothing is lost or doubled."""
    first, second = distributed.workers
    source, target = first, second
    with traffic(distributed, tenant, writers=2) as answers:
        for _ in range(MOMENTS):
            command = start_move(distributed, target)
            time.sleep(random.uniform(0.3, 4.5))
            if victim == "command":
                command.kill()
            else:
                node = {"coordinator": distributed.coordinator, "source": source, "target": target}[victim]
                node.kill()
                time.sleep(0.3)
                node.restart()
            command.wait(120)
            repeated = start_move(distributed, target)
            assert repeated.wait(120) == 0, repeated.communicate()
            assert_whole(distributed, tenant, target)
            assert remains(distributed) == []
            source, target = target, source
    check(distributed, tenant, answers, killed=victim != "command")


def start_move(database: Distributed, target: Node) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, "cluster", "move", "harbour", "--to", str(address(target))],
        env=os.environ | {"DATABASE_URL": database.dsn(database.coordinator)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def assert_whole(database: Distributed, tenant: str, node: Node) -> None:
    """Assert that every node knows the same node of the tenant, and that no transaction was left prepared."""
    until = time.monotonic() + 20
    while True:
        homes, prepared = set(), 0
        for each in database.nodes.nodes:
            with database.connect(each) as conn:
                homes.add(conn.execute("select port from core.home_of(%s)", [tenant]).fetchone()[0])
                prepared += conn.execute(
                    "select count(*) from pg_prepared_xacts where database = %s", [database.name]
                ).fetchone()[0]
        if (homes, prepared) == ({node.port}, 0):
            return
        assert time.monotonic() < until, f"homes {homes}, {prepared} transactions left prepared"
        time.sleep(0.2)


def test_loads_of_a_moved_tenant_end(distributed: Distributed, tenant: str) -> None:
    """A load that runs during a move is refused; the next load, at the new node, ends it and gets a higher id."""
    login = distributed.make_login("stanchion_loader")
    begin = "select landing.begin_load('games', 'x')"
    with connect_at_home(distributed, tenant, login) as old:
        (first,) = old.execute(begin).fetchone()
        move_to(distributed, "harbour", distributed.workers[1])
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            old.execute("select landing.finish_load(%s, 'done', '{}', 0, 0)", [first])
        with connect_at_home(distributed, tenant, login) as new:
            (second,) = new.execute(begin).fetchone()
    with distributed.connect() as conn:
        states = conn.execute("select load_id, state from landing.load_batch where tenant_id = %s order by 1", [tenant])
        assert states.fetchall() == [(first, "reaped"), (second, "running")]


def test_load_ids_rise_across_nodes(distributed: Distributed) -> None:
    tenants = [distributed.make_tenant(f"t{number}", home=node) for number, node in enumerate(distributed.workers)]
    login = distributed.make_login("stanchion_loader")
    ids = []
    for _ in range(3):
        for tenant in tenants:
            with connect_at_home(distributed, tenant, login) as conn:
                ids.append(conn.execute("select landing.begin_load('games', 'x')").fetchone()[0])
    assert ids == sorted(set(ids))
    assert ids[-1] - ids[0] == len(ids) - 1
