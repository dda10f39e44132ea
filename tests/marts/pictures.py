"""Write the pictures of the README: the season report of the demo, and `stanchion partitions status`."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console
from rich.text import Text

from stanchion.access.reader import open_tenant
from stanchion.cli.main import main as stanchion
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.paths import ROOT
from stanchion.report.league import league_page
from stanchion.server.connection import connect
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server
from tests.browser import FLAGS, find_chromium

PICTURES = ROOT / "docs" / "img"
REPORT = PICTURES / "report.png"
PARTITIONS = PICTURES / "partitions.svg"
SIZE = (1120, 800)


def write_pictures(server: Server) -> None:
    """Write both pictures; `server` has the leagues of the demo."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with connect(server) as conn, open_tenant(server, conn, "harbour") as (reader, tenant):
        screenshot(league_page(reader, tenant), REPORT)
    with used() as other:
        PARTITIONS.write_text(terminal(other, "partitions", "status"), encoding="utf-8")


@contextmanager
def used() -> Iterator[Server]:
    """Start a throw-away server with weeks of an application's data, whose partitions expired in time."""
    folder = Path(tempfile.mkdtemp(prefix="stanchion-picture-"))
    folder.chmod(0o755)
    embedded = Embedded(folder / "home", fast=True)
    try:
        with embedded:
            server = Server(embedded.dsn(), "embedded", embedded=True, description="throw-away")
            with connect(server) as conn:
                deploy(conn, plan_deploy(conn, discover(ROOT)), lambda _: None)
                conn.execute(Path(__file__).with_name("pictures_seed.sql").read_bytes())
                conn.execute("vacuum (analyze)")
            outcome = CliRunner().invoke(stanchion, ["--dsn", server.dsn, "partitions", "run"])
            if outcome.exit_code:
                raise SystemExit(outcome.output)
            yield server
    finally:
        embedded.purge()
        shutil.rmtree(folder, ignore_errors=True)


def screenshot(page: str, out: Path) -> None:
    """Write the top of a page as a PNG."""
    with tempfile.TemporaryDirectory(prefix="stanchion-picture-") as folder:
        file = Path(folder, "page.html")
        file.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                find_chromium(),
                *FLAGS,
                f"--user-data-dir={folder}/profile",
                f"--window-size={SIZE[0]},{SIZE[1]}",
                f"--screenshot={out}",
                file.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def terminal(server: Server, *words: str) -> str:
    """Return an SVG of a terminal with a command and its output."""
    outcome = CliRunner().invoke(stanchion, ["--dsn", server.dsn, *words], color=True)
    if outcome.exit_code:
        raise SystemExit(outcome.output)
    text = Text.from_ansi(outcome.stdout.rstrip())
    width = max(len(line) for line in text.plain.splitlines())
    console = Console(record=True, width=width, color_system="standard", force_terminal=True, file=_Nowhere())
    console.print(Text(f"$ stanchion {' '.join(words)}", style="bold"))
    console.print(text)
    svg = console.export_svg(title="stanchion", unique_id="terminal")
    # the picture must not load a font from another site
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")


class _Nowhere:
    """A file that drops all output."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
