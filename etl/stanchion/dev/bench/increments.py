"""Measure the cost of building one new day when more and more data exists.

The cost is counted in pages, because seconds depend on other load on the machine.
"""

import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.scratch import scratch_database
from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.games import Game
from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import load
from stanchion.marts import BuildResult, build
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, value
from stanchion.server.locate import Server

BAR = 1 / 1.1  # least ratio of pages with the fewest events to pages with more events: at most a tenth more
# marts whose data does not come from loads, so that every build reads their sources
LOOKED_AT = ("marts.fact_competition_game", "marts.fact_usage_day")
Pages = Counter[str]  # pages per table, including the pages of its partitions


@dataclass
class Day:
    """The data that existed before a new day, and the cost of building it."""

    events: int
    games: int
    models: dict[str, int] = field(default_factory=dict)  # pages per model, when built one by one
    seconds: dict[str, float] = field(default_factory=dict)
    tables: Pages = field(default_factory=Counter)
    nothing_new: Pages = field(default_factory=Counter)  # pages of the next build, without new data

    def facts_without_news(self) -> dict[str, int]:
        """Return the pages of facts that a build without new data touched. They should be 0."""
        return {
            table: pages
            for table, pages in self.nothing_new.items()
            if ("fact_" in table or "parts." in table) and table not in LOOKED_AT
        }


class Growth:
    """A database that grows by copies of one loaded game, for many tenants and days."""

    def __init__(self, server: Server, conn: Connection, tenant: str, *, tenants: int, per_day: int) -> None:
        self.server, self.conn, self.per_day = server, conn, per_day
        self.count = 0
        for name, text in (("app.tenant_id", tenant), ("bench.tenants", tenants), ("bench.per_day", per_day)):
            self._set(name, text)
        slug = str(value(conn, "select slug from core.tenant where tenant_id = core.required_tenant()"))
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "game.json").write_bytes(as_json(export(Game(1, 1, shots=True))))
            load(server, slug, (folder,))
        tables = "select relkind <> 'v' from pg_class where oid = %s::regclass"
        self.models = [
            node.name for node in self._build().nodes if node.kind == "model" and value(conn, tables, [node.name])
        ]
        self.events_of_a_game = int(value(conn, "select count(*) from contest.play_event"))

    def grow(self, events: int) -> None:
        """Add and build whole days until the database has `events` events."""
        games = -(-events // self.events_of_a_game)
        missing = max(games // self.per_day * self.per_day, self.per_day) - self.count
        if missing > 0:
            self._copy(missing, is_built=True)
        self._build()  # builds the rows that a tenant has once, such as its persons
        self.conn.execute("set default_statistics_target = 10")  # faster for a thousand partitions
        self.conn.execute("vacuum (analyze)")

    def new_day(self, *, one_by_one: bool = False) -> Day:
        """Load and build a day, then build once more without new data."""
        day = Day(self.count * self.events_of_a_game, self.per_day)
        self._copy(self.per_day, is_built=False)
        before = start = self._pages()
        for model in self.models if one_by_one else ():
            day.seconds[model] = self._build(model.split(".")[1]).nodes[0].seconds
            after = self._pages()
            before, day.models[model] = after, (after - before).total()
        if not one_by_one:
            self._build()
        day.tables = self._pages() - start
        self._build(test=True)  # with tests, because a mart counts as unchecked until its tests have passed
        before = self._pages()
        self._build(test=True)
        day.nothing_new = self._pages() - before
        return day

    def _copy(self, games: int, *, is_built: bool) -> None:
        for name, text in (("from", self.count), ("to", self.count + games - 1), ("built", is_built)):
            self._set(f"bench.{name}", text)
        self.conn.execute(query("dev/bench", "increments").encode())
        self.count += games

    def _build(self, *selection: str, test: bool = False) -> BuildResult:
        result = build(self.server, selection, test=test)
        if result.failed:
            raise StanchionError(f"{result.failed[0].name} was not built: {result.failed[0].message}")
        return result

    def _pages(self) -> Pages:
        """Return the number of pages touched since the statistics began, per table."""
        self.conn.execute("select pg_stat_force_next_flush()")  # includes the statistics of this session
        return Counter(dict(self.conn.execute(query("dev/bench", "pages").encode()).fetchall()))

    def _set(self, name: str, text: object) -> None:
        self.conn.execute("select set_config(%s, %s, false)", [name, str(text)])


def measure(server: Server, *, sizes: tuple[int, ...], report: Report) -> list[Result]:
    """Build a new day of forty games of forty tenants when `events` events exist."""
    days = []
    with scratch_database(server) as scratch:
        growth = Growth(scratch.server, scratch.conn, scratch.tenant, tenants=200, per_day=40)
        for size in sizes:
            began = time.monotonic()
            growth.grow(size)
            days.append(growth.new_day(one_by_one=True))
            report(f"{days[-1].events:,} events, {time.monotonic() - began:.0f} s")
    return [result for day in days for result in _results(day, days[0])]


def _results(day: Day, first: Day) -> list[Result]:
    """Return the pages of each mart, of all marts, and of a build without new facts."""
    beside = f"with {day.events:,} events"
    results = [
        replace(
            _result(f"{model}, {beside}: {pages:,} pages", day.seconds[model], first.models[model] / pages, None),
            is_detail=True,
        )
        for model, pages in day.models.items()
    ]
    pages, seconds = day.tables.total(), sum(day.seconds.values())
    ratio = first.tables.total() / pages
    results.append(_result(f"{day.games} games {beside}: {pages:,} pages", seconds, ratio, BAR))
    pages = sum(day.facts_without_news().values())
    results.append(_result(f"nothing new {beside}: {pages} pages of loaded tables", 0, float(pages == 0), 1.0))
    return results


def _result(what: str, seconds: float, ratio: float, bar: float | None) -> Result:
    return Result(what, 1, 1 / seconds if seconds else 0, 1000 * seconds, 1000 * seconds, ratio, bar)
