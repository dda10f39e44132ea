"""Where the dbt project is, and where dbt may write: never into an installed package."""

import hashlib
import os
from pathlib import Path

from stanchion.paths import ROOT
from stanchion.server.embedded import default_home
from stanchion.server.locate import Server

PROJECT = ROOT  # dbt_project.yml and profiles.yml stand here


def files() -> list[Path]:
    """All that the project is made of."""
    inside = sorted(path for path in (PROJECT / "dbt_project").rglob("*") if path.is_file())
    return [PROJECT / "dbt_project.yml", PROJECT / "profiles.yml", *inside]


def checksum() -> str:
    """Of what the files say, so that a database knows which project made its views."""
    digest = hashlib.sha256()
    for path in files():
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def target(server: Server) -> Path:
    """dbt's folder for what it parsed and compiled: one for each server, since what it parsed depends on it."""
    environment = server.environment()
    where = [environment.get(name, "") for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER")]
    if own := os.environ.get("DBT_TARGET_PATH"):
        base = Path(own).absolute()
    else:
        base = PROJECT / "target" if (PROJECT / ".git").exists() else default_home() / "target"
    return base / hashlib.sha256("\0".join(where).encode()).hexdigest()[:12]
