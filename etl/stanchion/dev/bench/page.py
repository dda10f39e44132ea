"""Write docs/benchmarks.md and docs/benchmarks-marts.md: the results of a run, with its time, machine and server."""

import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stanchion.dev.bench.compare import Result
from stanchion.server.connection import Connection, value

_SETTINGS = ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size")

_HEAD = """# Benchmarks

{summary}

Alternatives take turns within one run, so that other load on the machine affects all of them. Therefore ratios are more
reliable than single numbers. A ratio is the median of the ratios of all rounds to the first line of the group, unless
the line names another one. The bar is the least ratio that is required.

This page is generated:

<!-- not run: it takes forty minutes, on a machine without other load -->
```console
$ stanchion bench --rounds 3 --rows 1000000 --page docs/benchmarks.md
```

"""

_MARTS_HEAD = """# Benchmarks of single marts

The lines of [the benchmarks]({page}) that measure one mart each, from the same run.

"""

_COMPARED = r"""Stanchion is compared with what users would take instead: plain statements on plain tables, psql's
`\copy`, pandas, dlt, and DuckDB and polars over the same files. A bar is a required ratio to such an alternative, or to
a target that its line names."""


def write_pages(
    name: str,
    measured: Mapping[str, list[Result]],
    about: Mapping[str, str],
    entries: Mapping[str, Callable[..., Any]],
    row: Callable[[Result], dict[str, str]],
) -> dict[str, str]:
    """Return the page of a run and that of its single marts, if it measured any, by file name.

    The docstring of an entry is printed above its table.
    """
    run = "| | |\n|---|---|\n" + "".join(f"| {key} | {text} |\n" for key, text in about.items())
    marts = f"{Path(name).stem}-marts{Path(name).suffix}"
    first = _HEAD.format(summary=" ".join((_COMPARED, _won(measured), _lost(measured)))) + run
    second = _MARTS_HEAD.format(page=name) + run
    for entry, results in measured.items():
        head = f"\n## {entry}\n\n{_sentence(entries[entry])}"
        detail = [row(result) for result in results if result.is_detail]
        link = f" The lines of single marts are on [a page of their own]({marts}#{entry})." if detail else ""
        first += f"{head}{link}\n\n{_table([row(result) for result in results if not result.is_detail])}"
        second += f"{head}\n\n{_table(detail)}" if detail else ""
    has_details = any(result.is_detail for results in measured.values() for result in results)
    return {name: first} | ({marts: second} if has_details else {})


def _won(measured: Mapping[str, list[Result]]) -> str:
    """Return the peers that are slower, and the benchmarks that reach all of their bars."""
    reached = _listed(_link(name) for name, found in _barred(measured).items() if all(each.holds for each in found))
    bars = f"Every bar is reached in {reached}." if reached else "No benchmark reaches all of its bars."
    slower = _peers(measured, "{times} times as fast as {peer}", faster=False)
    return f"**Won:** {f'Stanchion is faster in {slower}' if slower else 'No peer is slower'}. {bars}"


def _lost(measured: Mapping[str, list[Result]]) -> str:
    """Return the peers that are faster, and the number of bars that are missed."""
    missed = _listed(
        f"{count} of {len(results)} in {_link(name)}"
        for name, results in _barred(measured).items()
        if (count := sum(not each.holds for each in results))
    )
    bars = f"Bars are missed: {missed}." if missed else "No bar is missed."
    faster = _peers(measured, "{peer} {times} times as fast", faster=True)
    peers = f"Other programs are faster in {faster}, with the limits listed there" if faster else "No peer is faster"
    return f"**Lost:** {peers}. {bars}"


def _barred(measured: Mapping[str, list[Result]]) -> dict[str, list[Result]]:
    found = {name: [each for each in results if each.bar is not None] for name, results in measured.items()}
    return {name: results for name, results in found.items() if results}


def _peers(measured: Mapping[str, list[Result]], sentence: str, *, faster: bool) -> str:
    """Return the tasks in which a peer is faster, or slower, each with the ratios of the rates."""
    found: dict[str, list[str]] = {}
    for name, results in measured.items():
        for result in results:
            if result.peer and result.ratio and not result.is_detail and result.is_faster_peer == faster:
                times = result.ratio if faster else 1 / result.ratio
                task = ", ".join(filter(None, (_link(name), result.task)))
                found.setdefault(task, []).append(sentence.format(peer=result.peer, times=f"{times:.2g}"))
    return _listed(f"{task} ({_listed(ratios)})" for task, ratios in found.items())


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def about(conn: Connection, effort: Mapping[str, Any]) -> dict[str, str]:
    """Return the machine, the server and the options of the run."""
    settings = ", ".join(f"{name} {value(conn, 'select current_setting(%s)', [name])}" for name in _SETTINGS)
    run = ", ".join(f"{name} {_joined(given)}" for name, given in effort.items())
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


def _listed(texts: Iterable[str]) -> str:
    """Return texts as in a sentence: "a, b and c"."""
    *most, last = [*texts] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _joined(given: Any) -> str:
    return " and ".join(map(str, given)) if isinstance(given, tuple) else str(given)


def _sentence(entry: Callable[..., Any]) -> str:
    return " ".join((entry.__doc__ or "").split())


def _table(rows: list[dict[str, str]]) -> str:
    if not rows:
        return "Nothing was measured.\n"
    lines = [list(rows[0]), ["---", *("---:" for _ in list(rows[0])[1:])], *(list(row.values()) for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)
