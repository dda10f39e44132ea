"""Write docs/benchmarks.md: the results of a run, with its time, machine and server."""

import os
import platform
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stanchion.dev.bench.compare import Result
from stanchion.server.connection import Connection, value

_SETTINGS = ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size")

_HEAD = """# Benchmarks

The most frequent operations, compared with their alternatives. Alternatives take turns within one run, so that other
load on the machine affects all of them. Therefore ratios are more reliable than single numbers. A ratio is the median
of the ratios of all rounds to the first line of the group. The bar is the least ratio that is required.

This page is generated:

<!-- not run: it takes an hour, on a machine without other load -->
```console
$ stanchion bench --page docs/benchmarks.md
```

| | |
|---|---|
"""


def page(
    measured: Mapping[str, list[Result]],
    about: Mapping[str, str],
    entries: Mapping[str, Callable[..., Any]],
    row: Callable[[Result], dict[str, str]],
) -> str:
    """Return the page of a run. The docstring of an entry is printed above its table."""
    parts = [_HEAD + "".join(f"| {name} | {text} |\n" for name, text in about.items())]
    for name, results in measured.items():
        parts.append(f"\n## {name}\n\n{_sentence(entries[name])}\n\n{_table([row(result) for result in results])}")
    return "".join(parts)


def about(conn: Connection, effort: Mapping[str, Any]) -> dict[str, str]:
    """Return the machine, the server and the options of the run."""
    settings = ", ".join(f"{name} {value(conn, 'select current_setting(%s)', [name])}" for name in _SETTINGS)
    run = ", ".join(f"{name} {_listed(given)}" for name, given in effort.items())
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} × {_processor()}, {_memory()}, {platform.system()} {platform.machine()}",
        "server": f"Postgres {value(conn, 'show server_version')}, {settings}",
        "client": f"Stanchion {version('stanchion')}, Python {platform.python_version()}, on the same machine",
        "run": run,
    }


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s+(\d+) kB$", _read("/proc/meminfo"), re.MULTILINE)
    return f"{int(found[1]) / 2**20:.0f} GiB" if found else "memory unknown"


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


def _listed(given: Any) -> str:
    return " and ".join(map(str, given)) if isinstance(given, tuple) else str(given)


def _sentence(entry: Callable[..., Any]) -> str:
    return " ".join((entry.__doc__ or "").split())


def _table(rows: list[dict[str, str]]) -> str:
    if not rows:
        return "Nothing was measured.\n"
    lines = [list(rows[0]), ["---", *("---:" for _ in list(rows[0])[1:])], *(list(row.values()) for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)
