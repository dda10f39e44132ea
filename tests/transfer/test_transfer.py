"""A tenant is exported, imported into an empty database with equal marts, and removed without a trace."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from stanchion.audit.rules import broken, rule_files
from stanchion.errors import StanchionError
from stanchion.server.connection import connect, for_tenant
from stanchion.transfer import removing
from stanchion.transfer.incoming import Imported, import_tenant
from stanchion.transfer.outgoing import Exported, export_tenant
from stanchion.transfer.removing import Removed, remove_tenant
from tests.marts.platform import Maker, Platform, copy_of
from tests.marts.test_expiry import expire
from tests.program import call_stanchion

pytestmark = pytest.mark.slow

_MARTS = """
select format('%I.%I', n.nspname, c.relname)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
where
    n.nspname in ('marts', 'staging')
    and c.relkind in ('r', 'p', 'v')
    and not c.relispartition
    and c.relname <> 'stg_landing__load_batch'  -- the import is a load of its own
order by 1
"""


def silent(_: str) -> None:
    """Print no progress."""


def exported(platform: Platform, slug: str, out: Path) -> Exported:
    with connect(platform.server) as conn:
        return export_tenant(platform.server, conn, slug, out, silent)


def imported(platform: Platform, file: Path, slug: str | None = None, **options: bool) -> Imported:
    with connect(platform.server) as conn:
        given = {"new_id": False, "dry_run": False} | options
        return import_tenant(platform.server, conn, file, slug, silent, **given)


def removed(platform: Platform, slug: str, *, keep_held: bool = False) -> Removed:
    with connect(platform.server) as conn:
        return remove_tenant(platform.server, conn, slug, silent, keep_held=keep_held)


def digests(platform: Platform, slug: str) -> dict[str, tuple[int, str]]:
    """Return the number and the checksum of the tenant's rows in each mart, without ids that an import replaces."""
    found = {}
    for (name,) in platform.conn.execute(_MARTS).fetchall():
        row = platform.conn.execute(
            "select count(*), coalesce(md5(string_agg(md5(r::text), '' order by md5(r::text))), '') "
            f"from (select (to_jsonb(m) - 'tenant_id' - 'load_id' - 'transaction_id')::text as r from {name} as m "
            "join core.tenant as t using (tenant_id) where t.slug = %s) as rows",
            [slug],
        ).fetchone()
        found[name] = row
    return found


def traces(conn: psycopg.Connection[Any], tenant_id: str) -> dict[str, int]:
    """Search each column of each table, partition and materialized view of the database, and its statistics."""
    tables = conn.execute(
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'm') and n.nspname not in ('information_schema', 'pg_toast') "
        "and c.oid <> 'pg_statistic'::regclass union all select 'pg_stats'"
    ).fetchall()
    assert len(tables) > 200
    found = {}
    for (name,) in tables:
        (number,) = conn.execute(
            f"select count(*) from {name} as t where t::text like %s", [f"%{tenant_id}%"]
        ).fetchone() or (0,)
        if number:
            found[name] = number
    return found


def id_of(platform: Platform, slug: str) -> str:
    (tenant_id,) = platform.conn.execute("select tenant_id::text from core.tenant where slug = %s", [slug]).fetchone()
    return str(tenant_id)


@pytest.fixture
def source(_built_template: Any, cluster: Any, tmp_path: Path) -> Iterator[Any]:
    """Return a context manager for a copy of the database with two leagues and their marts."""
    template, _ = _built_template

    @contextmanager
    def opened() -> Iterator[Platform]:
        with copy_of(cluster, template, tmp_path) as platform:
            yield platform

    yield opened


def test_an_imported_tenant_has_equal_marts(source: Any, unloaded_platform: Maker, tmp_path: Path) -> None:
    file = tmp_path / "ours.zip"
    with source() as platform:
        before, tenant_id = digests(platform, "ours"), id_of(platform, "ours")
        counts = exported(platform, "ours", file)
    assert sum(rows for rows, _ in before.values()) > 5000
    assert {name for name, (rows, _) in before.items() if not rows} < set(before)
    with unloaded_platform(tmp_path) as target:
        result = imported(target, file)
        assert str(result.tenant_id) == tenant_id
        assert sum(result.rows.values()) + 1 == counts.manifest.rows
        target.build()
        assert digests(target, "ours") == before
        target.build(full_refresh=True)
        assert digests(target, "ours") == before
        again = imported(target, file)
        assert again.was_complete
        assert broken(target.conn, *rule_files()) == []
        verified = call_stanchion("verify", database_url=target.server.dsn)
        assert verified.code == 0, verified.out


@pytest.mark.exhaustive
def test_the_audit_reaches_no_imported_row(source: Any, unloaded_platform: Maker, tmp_path: Path) -> None:
    with source() as platform:
        files = [tmp_path / f"{slug}.zip" for slug in ("ours", "theirs")]
        for file in files:
            exported(platform, file.stem, file)
    with unloaded_platform(tmp_path) as target:
        for file in files:
            imported(target, file)
        target.build()
        audited = call_stanchion("audit", database_url=target.server.dsn)
        assert audited.code == 0, audited.out + audited.err


def test_a_removed_tenant_leaves_no_row(source: Any) -> None:
    with source() as platform:
        tenant_id = id_of(platform, "ours")
        platform.conn.execute("update core.partition_set set keep_detached = true where relation = 'contest.stint'")
        expire(platform, "contest.stint")
        assert [name for name in traces(platform.conn, tenant_id) if name.startswith("expired_parts.")]
        others = digests(platform, "theirs")
        platform.conn.execute("analyze")
        assert len(traces(platform.conn, tenant_id)) > 50
        result = removed(platform, "ours")
        assert result.is_complete
        assert traces(platform.conn, tenant_id) == {}
        assert digests(platform, "theirs") == others
        platform.build()
        assert traces(platform.conn, tenant_id) == {}
        assert digests(platform, "theirs") == others


def test_a_tenant_is_copied_beside_itself(source: Any, tmp_path: Path) -> None:
    """The copy has another id and slug, no API key, and not the domain that its original has."""
    file = tmp_path / "ours.zip"
    with source() as platform:
        platform.conn.execute("select core.create_tenant('own', 'Own', 'shop')")
        with for_tenant(platform.conn, "ours"):
            platform.conn.execute("select core.add_tenant_domain('ours.example'), core.create_api_key('k', '{}')")
            assert read(platform.conn, 1000)
            append(platform.conn, 0, "a", "b")
        with for_tenant(platform.conn, "ours"):  # a consumer reads what is committed
            assert read(platform.conn, 1) == ["a"]
        before = digests(platform, "ours")
        exported(platform, "ours", file)
        with pytest.raises(StanchionError, match="exists already, as ours"):
            imported(platform, file)
        with pytest.raises(StanchionError, match="Another tenant has the slug ours; give another one with --slug"):
            imported(platform, file, new_id=True)
        copy = imported(platform, file, "copy", new_id=True)
        assert (copy.taken_domains, copy.keys_left_out) == (["ours.example"], 1)
        assert imported(platform, file, "copy", new_id=True).was_complete
        platform.build()
        assert digests(platform, "copy") == before == digests(platform, "ours")
        with for_tenant(platform.conn, "copy"):
            assert read(platform.conn, 9) == ["b"], "a consumer goes on after what it has read"
            append(platform.conn, 2, "c")
        with for_tenant(platform.conn, "copy"):
            assert read(platform.conn, 9) == ["c"]


def test_expired_games_are_exported_from_the_marts(source: Any, unloaded_platform: Maker, tmp_path: Path) -> None:
    file = tmp_path / "ours.zip"
    with source() as platform:
        expire(platform)
        before = digests(platform, "ours")
        assert len(exported(platform, "ours", file).manifest.expired_games) == 3
    with unloaded_platform(tmp_path) as target:
        imported(target, file)
        target.build()
        assert digests(target, "ours") == before
        target.build(full_refresh=True)
        assert digests(target, "ours") == before


def test_rows_on_hold_are_kept(source: Any) -> None:
    with source() as platform:
        tenant_id = id_of(platform, "ours")
        platform.conn.execute("update core.partition_set set keep_detached = true where relation = 'contest.stint'")
        expire(platform, "contest.stint")
        for table in ("core.audit_log", "contest.stint"):
            platform.conn.execute("select core.hold_partitions(%s, 'Case 7')", [table])
        with pytest.raises(StanchionError, match=r"core.audit_log \(Case 7\)"):
            removed(platform, "ours")
        result = removed(platform, "ours", keep_held=True)
        assert not result.is_complete
        detached = {name for name in result.kept if name.startswith("expired_parts.contest__stint__")}
        assert set(result.kept) - detached == {"core.audit_log", "contest.stint"}
        left = traces(platform.conn, tenant_id)
        assert len(detached) == 3 == len(detached & set(left))
        others = {name for name in left if not re.search("core__audit_log|contest__stint__", name)}
        assert others == {"core.tenant", "hidden.tenant_stats"}  # the row of the closed tenant, and that it has nothing
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="the tenant is being removed"):
            status(platform, "ours", "active")
        for table in ("core.audit_log", "contest.stint"):
            platform.conn.execute("select core.hold_partitions(%s, null)", [table])
        assert removed(platform, "ours").is_complete
        assert traces(platform.conn, tenant_id) == {}
        rows = platform.rows("select slug, finished_at is not null as is_over, kept, found from core.tenant_removal")
        assert [(row["slug"], row["is_over"], row["kept"]) for row in rows] == [("ours", True, {})]
        assert rows[0]["found"]["contest.play_event"] > 500


def test_a_removal_waits_for_open_transactions(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that writes for the tenant when its removal begins leaves no row either."""
    with source() as platform, psycopg.connect(platform.server.dsn) as writer:
        tenant_id = id_of(platform, "ours")
        writer.execute("select core.set_local('app.tenant_id', %s)", [tenant_id])
        append(writer, 0, "late")
        monkeypatch.setattr(removing, "_WAIT", 0.3)
        with pytest.raises(StanchionError, match=f"still open: session {writer.info.backend_pid} of "):
            removed(platform, "ours")
        writer.commit()
        assert removed(platform, "ours").is_complete
        assert traces(platform.conn, tenant_id) == {}


@pytest.mark.parametrize("way", ["cut", "bit", "member", "text", "columns", "table", "version"])
def test_a_damaged_file_is_refused(source: Any, tmp_path: Path, way: str) -> None:
    file = tmp_path / "ours.zip"
    with source() as platform:
        exported(platform, "ours", file)
        damage(file, way)
        with pytest.raises(StanchionError) as refused:
            imported(platform, file, "copy", new_id=True)
        assert re.search(f"{file}|other columns in the file|file has rows of", str(refused.value))
        assert platform.rows("select from core.tenant where slug = 'copy'") == []


def damage(file: Path, way: str) -> None:
    """Change a file that was exported."""
    content = file.read_bytes()
    if way == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif way == "bit":
        with zipfile.ZipFile(file) as archive:
            at = archive.getinfo("data/contest.play_event.csv").header_offset + 300
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    elif way == "text":
        file.write_text("not a ZIP archive", encoding="utf-8")
    else:
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(members["manifest.json"])
        if way == "member":
            members["data/contest.team.csv"] += b"a,b\n"
        elif way == "columns":
            manifest["tables"]["contest.team"]["columns"].append(["shirt", "text"])
        elif way == "table":
            manifest["tables"]["contest.shirt"] = manifest["tables"]["contest.team"]
            members["data/contest.shirt.csv"] = members["data/contest.team.csv"]
        else:
            manifest["version"] = 9
        members["manifest.json"] = json.dumps(manifest).encode()
        with zipfile.ZipFile(file, "w") as archive:
            for name, text in members.items():
                archive.writestr(name, text)


def append(conn: psycopg.Connection[Any], version: int, *kinds: str) -> None:
    """Append events of these types to a stream."""
    conn.execute("select core.append_events('t', 's', %s, %s)", [version, Jsonb([{"type": kind} for kind in kinds])])


def read(conn: psycopg.Connection[Any], limit: int) -> list[str]:
    """Return the types of the next events of a consumer."""
    rows = conn.execute("select event_type from core.poll_events('reader', %s)", [limit]).fetchall()
    return [kind for (kind,) in rows]


def status(platform: Platform, slug: str, new: str) -> None:
    with for_tenant(platform.conn, slug):
        platform.conn.execute("select core.set_tenant_status(%s)", [new])
