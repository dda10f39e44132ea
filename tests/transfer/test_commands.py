"""The commands that export, import and remove a tenant: what they print, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sessions import Db

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tenants: dict[str, str], stanchion: Callable[..., Any], tmp_path: Path) -> Path:
    out = tmp_path / "ours.zip"
    slug = next(iter(tenants))
    done = stanchion("tenant", "export", slug, "--out", str(out), "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["tenant"]["slug"] == slug
    assert facts["rows"] == sum(facts["tables"].values())
    return out


def test_a_copy_is_imported_once_and_removed(
    file: Path, tenants: dict[str, str], stanchion: Callable[..., Any], db: Db
) -> None:
    slug = next(iter(tenants))
    refused = stanchion("tenant", "import", str(file))
    assert refused.code == 1
    assert f"exists already, as {slug} (active)" in refused.err
    copy = ("tenant", "import", str(file), "--slug", "copy", "--new-id")
    assert "Nothing was changed" in stanchion(*copy, "--dry-run").out
    assert db.execute("select from core.tenant where slug = 'copy'").fetchall() == []
    assert "copy is tenant " in stanchion(*copy).out
    assert "was imported from this file before" in stanchion(*copy).out
    asked = stanchion("tenant", "remove", "copy")
    assert (asked.code, "add --yes" in asked.err) == (1, True)
    counted = json.loads(stanchion("tenant", "remove", "copy", "--dry-run", "--json").out)
    assert counted["tables"]["core.tenant"] == 1
    removed = json.loads(stanchion("tenant", "remove", "copy", "--yes", "--json").out)
    assert (removed["complete"], removed["deleted"]) == (True, counted["deleted"])
    again = stanchion("tenant", "remove", "copy", "--yes")
    assert (again.code, "'copy' does not exist" in again.err) == (1, True)


def test_only_operators_export_and_only_superusers_remove(
    file: Path, tenants: dict[str, str], make_login: Callable[..., str], stanchion: Callable[..., Any], tmp_path: Path
) -> None:
    slug = next(iter(tenants))
    loader, dba = make_login("stanchion_loader"), make_login("stanchion_dba")
    out = tmp_path / "theirs.zip"
    refused = stanchion("tenant", "export", slug, "--out", str(out), "--dsn", loader)
    assert refused.code == 1
    assert not out.exists()
    assert "is not an operator" in refused.err
    assert stanchion("tenant", "export", slug, "--out", str(out), "--dsn", dba).code == 0
    for command in (["import", str(out)], ["remove", slug, "--yes"]):
        refused = stanchion("tenant", *command, "--dsn", dba)
        assert refused.code == 1
        assert "is not a superuser" in refused.err, refused.err
