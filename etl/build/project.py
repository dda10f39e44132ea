"""Where the dbt project is, and where dbt may write: never into an installed package."""

import hashlib
import os
from pathlib import Path

from etl.embedded import default_home
from etl.paths import ROOT
from etl.server import Server

PROJECT = ROOT  # dbt_project.yml and profiles.yml stand here


def target(server: Server) -> Path:
    """dbt's folder for what it parsed and compiled: one for each server, since what it parsed depends on it."""
    environment = server.environment()
    where = [environment.get(name, "") for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER")]
    if own := os.environ.get("DBT_TARGET_PATH"):
        base = Path(own).absolute()
    else:
        base = PROJECT / "target" if (PROJECT / ".git").exists() else default_home() / "target"
    return base / hashlib.sha256("\0".join(where).encode()).hexdigest()[:12]
