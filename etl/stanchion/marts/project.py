"""Locations of the dbt project and of dbt's output, which is never inside an installed package."""

import hashlib
import os
import re
import sys
from pathlib import Path

from stanchion.paths import ROOT
from stanchion.server.embedded import default_home
from stanchion.server.locate import Server

PROJECT = ROOT  # contains dbt_project.yml and profiles.yml

_VARIABLE = re.compile(rb"""\benv_var\(\s*['"](\w+)""")
_PARSERS = ("dbt-core", "dbt-adapters", "dbt-common", "dbt-postgres", "jinja2", "mashumaro")


def files() -> list[Path]:
    """Return all files of the project."""
    inside = sorted(path for path in (PROJECT / "dbt_project").rglob("*") if path.is_file())
    return [PROJECT / "dbt_project.yml", PROJECT / "profiles.yml", *inside]


def checksum(prefix: str = "") -> str:
    """Return a checksum of the files, which the database stores for the views that were made from them.

    The views also depend on the prefix of the schemas of the sources.
    """
    digest = hashlib.sha256(prefix.encode())
    for path in files():
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def parsed_version(prefix: str) -> str:
    """Return a checksum of everything that the parsed project depends on, apart from the server of its folder."""
    from importlib.metadata import version  # a build without changes does not need it

    names = {name for name in os.environ if name.startswith("DBT_")}
    for path in files():
        names |= {name.decode() for name in _VARIABLE.findall(path.read_bytes()) if not name.startswith(b"PG")}
    parts = [checksum(prefix), str(PROJECT), sys.version, *map(version, _PARSERS)]
    parts += [f"{name}={os.environ.get(name)}" for name in sorted(names)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def target(server: Server, prefix: str = "") -> Path:
    """Return dbt's output folder for a server and the prefix of its sources, on which the parsed project depends."""
    environment = server.environment()
    where = [environment.get(name, "") for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER")]
    if prefix:
        where.append(prefix)
    if own := os.environ.get("DBT_TARGET_PATH"):
        base = Path(own).absolute()
    else:
        base = PROJECT / "target" if (PROJECT / ".git").exists() else default_home() / "target"
    return base / hashlib.sha256("\0".join(where).encode()).hexdigest()[:12]
