"""Run a script repeatedly with pgbench and several clients, and read the results."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from stanchion.errors import StanchionError
from stanchion.server.binaries import find_binaries
from stanchion.server.embedded import Embedded

WARM_UP = 1  # seconds that are not counted, because new sessions compile functions and make plans
SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Run:
    per_second: float
    p50_ms: float
    p95_ms: float


def find_pgbench(embedded: bool) -> str:
    """Return the pgbench of the embedded server; for another server the one on the PATH, else that of the wheel."""
    beside = str((Embedded().binaries if embedded else find_binaries()) / "pgbench")
    found = beside if embedded and Path(beside).exists() else shutil.which("pgbench") or shutil.which(beside)
    if found is None:
        raise StanchionError(
            "pgbench was not found: install the client programs of Postgres, or put pgbench on the PATH."
        )
    return found


def run(
    pgbench: str,
    environment: Mapping[str, str],
    script: str,
    *,
    clients: int,
    seconds: float,
    rate: int | None = None,
    define: Mapping[str, str] | None = None,
) -> Run:
    """Run a script for some seconds with prepared statements, as drivers do. `define` are variables of the script."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [pgbench, "--no-vacuum", "--protocol=prepared", "--log", f"--log-prefix={folder}/log"]
        argv += [f"--client={clients}", f"--jobs={min(clients, 2)}", f"--time={round(seconds) + WARM_UP}"]
        argv += [f"--define=start_ms={int(time.time() * 1000) - 60_000}"]  # the scripts make UUIDv7 from it
        argv += [f"--define={name}={text}" for name, text in (define or {}).items()]
        argv += [f"--file={SCRIPTS / script}.sql", *([f"--rate={rate}"] if rate else [])]
        done = subprocess.run(argv, env=dict(environment), capture_output=True, text=True, check=False)
        if done.returncode or "aborted" in done.stderr:
            error = (done.stderr.strip().splitlines() or ["it printed no error"])[-1]
            raise StanchionError(f"pgbench could not run {script}: {error}.")
        lines = [line.split() for log in Path(folder).iterdir() for line in log.read_text().splitlines()]
    # columns: client, number, duration in microseconds, script, end
    ended = sorted((int(line[4]) + int(line[5]) / 1e6, int(line[2]) / 1000) for line in lines)
    measured = [took for at, took in ended if at > ended[0][0] + WARM_UP]
    if len(measured) < 2:
        raise StanchionError(f"Too little of {script} was done to measure it; increase --seconds.")
    return Run(len(measured) / (ended[-1][0] - ended[0][0] - WARM_UP), median(measured), quantiles(measured, n=20)[18])
