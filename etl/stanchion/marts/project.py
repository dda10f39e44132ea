"""Locations of the dbt project and of dbt's output, which is never inside an installed package."""

import hashlib
import os
from pathlib import Path

from stanchion.paths import ROOT
from stanchion.server.embedded import default_home
from stanchion.server.locate import Server

PROJECT = ROOT  # contains dbt_project.yml and profiles.yml


def files() -> list[Path]:
    """Return all files of the project."""
    inside = sorted(path for path in (PROJECT / "dbt_project").rglob("*") if path.is_file())
    return [PROJECT / "dbt_project.yml", PROJECT / "profiles.yml", *inside]


def checksum() -> str:
    """Return a checksum of the files, which the database stores for the views that were made from them."""
    digest = hashlib.sha256()
    for path in files():
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def target(server: Server) -> Path:
    """Return dbt's output folder for this server. The parsed project depends on the server, so each has its own."""
    environment = server.environment()
    where = [environment.get(name, "") for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER")]
    if own := os.environ.get("DBT_TARGET_PATH"):
        base = Path(own).absolute()
    else:
        base = PROJECT / "target" if (PROJECT / ".git").exists() else default_home() / "target"
    return base / hashlib.sha256("\0".join(where).encode()).hexdigest()[:12]
