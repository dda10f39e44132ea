"""A tenant of a cluster is exported, imported and removed at its own node."""

from __future__ import annotations

from pathlib import Path

from stanchion.server.connection import connect
from stanchion.transfer.incoming import import_tenant
from stanchion.transfer.outgoing import export_tenant
from stanchion.transfer.removing import remove_tenant
from tests.cluster.databases import Distributed
from tests.cluster.test_doctor import server_of
from tests.cluster.test_run import append, poll


def rows_with(database: Distributed, tenant: str) -> dict[str, int]:
    """Return the number of rows with a tenant's id in each table of each node, shards included."""
    found: dict[str, int] = {}
    for node in (database.coordinator, *database.workers):
        with database.connect(node) as conn:
            conn.execute("set citus.override_table_visibility = off")
            tables = conn.execute(
                "select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
                "join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' "
                "where c.relkind in ('r', 'm') and n.nspname !~ '^pg_'"
            ).fetchall()
            for (name,) in tables:
                (number,) = conn.execute(f"select count(*) from {name} where tenant_id = %s", [tenant]).fetchone()
                if number:
                    found[f"{node} {name}"] = number
    return found


def test_a_tenant_is_copied_to_each_node_and_removed(distributed: Distributed, tmp_path: Path) -> None:
    server, file = server_of(distributed), tmp_path / "ours.zip"
    tenant = distributed.make_tenant("ours")
    with distributed.acting(tenant) as conn:
        conn.execute("select stock.add_item('Scarf', 12.50, 3)")
    with distributed.connect(distributed.home(tenant)) as conn:
        append(conn, tenant, 3)
        assert poll(conn, tenant, 2) == [1, 2]
    with connect(server) as conn:
        exported = export_tenant(server, conn, "ours", file, lambda _: None)
        assert exported.manifest.tables["core.event"].rows == 3
        homes, copies = set[str](), list[str]()
        while len(homes) < 2:  # each copy has another id, and so one of the two nodes
            copy = import_tenant(server, conn, file, f"copy-{len(copies)}", lambda _: None, new_id=True, dry_run=False)
            copies.append(str(copy.tenant_id))
            homes.add(str(distributed.home(copies[-1])))
            assert len(copies) < 40
    for each in copies:
        with distributed.connect(distributed.home(each)) as conn:
            assert poll(conn, each, 5) == [3]
    with connect(server) as conn:
        assert remove_tenant(server, conn, "ours", lambda _: None, keep_held=False).is_complete
    assert rows_with(distributed, tenant) == {}
    assert all(len(rows_with(distributed, each)) > 5 for each in copies)
