"""Write the files that are generated from the database and from --help. `make catalog` runs this."""

import re
import tempfile
from pathlib import Path

import psycopg

from stanchion.audit.matrix import access_matrix
from stanchion.deploy import catalog
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.paths import ROOT
from stanchion.server.embedded import Embedded
from tests.docs import cli_reference, function_reference, man_page

CATALOG = ROOT / "sql" / "catalog.txt"
MATRIX = ROOT / "policies" / "README.md"
_BETWEEN = re.compile(r"(?<=<!-- matrix -->\n).*(?=<!-- end of matrix -->)", re.DOTALL)


def with_matrix(readme: str, conn: psycopg.Connection) -> str:
    """The page with the matrix of this database in its place."""
    return _BETWEEN.sub(lambda _: f"\n{access_matrix(conn)}\n\n", readme)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Embedded(Path(folder) / "home", fast=True) as server, psycopg.connect(server.dsn()) as conn:
            conn.autocommit = True
            deploy(conn, plan_deploy(conn, discover(ROOT)), lambda step: None)
            CATALOG.write_text(catalog.read_catalog(conn), encoding="utf-8")
            MATRIX.write_text(with_matrix(MATRIX.read_text(encoding="utf-8"), conn), encoding="utf-8")
            function_reference.REFERENCE.write_text(function_reference.render(conn), encoding="utf-8")
    cli_reference.write()
    man_page.write()


if __name__ == "__main__":
    main()
