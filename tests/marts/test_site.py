"""The site of a season contains the numbers of the marts, follows what changes, and is whole at every instant."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.dev.sample.names import COLOURS
from stanchion.ingest.reading.values import colour
from stanchion.report.site import build, manifest
from stanchion.report.site.league import playoff_race
from stanchion.report.site.names import page_of
from stanchion.report.site.percentiles import Measure, compare
from stanchion.report.site.player import with_percentiles
from tests.browser import look_at
from tests.conftest import Outcome
from tests.html import Page
from tests.marts.platform import Platform
from tests.marts.test_report import EVIL, clock, records
from tests.program import call_stanchion

COLOURS_BY_KEY = {name.casefold(): colour(written) for name, written in COLOURS.items()}
WHOSE = "tenant_id = (select tenant_id from core.tenant where slug = 'ours')"


class Site:
    """A folder with a site, written by the command."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform, self.folder = platform, folder

    def run(self, *args: str) -> Outcome:
        return call_stanchion(
            "report", "--tenant", "ours", "--out", str(self.folder), *args, database_url=self.platform.server.dsn
        )

    def write(self, *args: str) -> dict[str, Any]:
        """Write the site; return the numbers of pages."""
        outcome = self.run("--json", *args)
        assert outcome.code == 0, outcome.err
        found: dict[str, Any] = json.loads(outcome.out)
        return found

    def files(self) -> dict[str, str]:
        """Return the text of each page."""
        return {
            str(path.relative_to(self.folder)): path.read_text(encoding="utf-8")
            for path in sorted(self.folder.rglob("*.html"))
        }

    def page(self, kind: str, key: str = "") -> Page:
        return Page((self.folder / (page_of(kind, key) if key else f"{kind}.html")).read_text(encoding="utf-8"))

    def times(self) -> dict[str, int]:
        """Return when each page was written."""
        return {str(path.relative_to(self.folder)): path.stat().st_mtime_ns for path in self.folder.rglob("*.html")}


@pytest.fixture
def site(built: Platform, tmp_path: Path) -> Site:
    return Site(built, tmp_path / "site")


def assert_whole(site: Site) -> None:
    """Fail unless each link of each page leads to a file and an anchor of the site, and no file is left over."""
    files = site.files()
    ids = {name: {given["id"] for _, given in Page(text).elements if "id" in given} for name, text in files.items()}
    for name, text in files.items():
        assert text.rstrip().endswith("</html>"), name
        for _, given in Page(text).elements:
            for target in filter(None, (given.get("href"), given.get("src"))):
                if target == "data:,":
                    continue
                file, anchor = urldefrag(unquote(target))
                path = (site.folder / name).parent / file if file else site.folder / name
                assert path.resolve().is_relative_to(site.folder.resolve())
                assert path.is_file(), f"{name}: {target}"
                reached = str(path.resolve().relative_to(site.folder.resolve()))
                assert not anchor or anchor in ids[reached], f"{name}: {target}"
    assert not [
        path for path in site.folder.rglob(".*") if path.name not in (".stanchion-site.json", ".stanchion-site.lock")
    ]


def test_every_link_of_every_page_leads_somewhere(site: Site) -> None:
    done = site.write()
    assert_whole(site)
    files = site.files()
    assert done["written"] == done["pages"] == len(files) + 2  # the style sheet and the script
    for table, kind, key in (
        ("marts.dim_team", "team", "team_key"),
        ("marts.fact_team_game", "game", "game_key"),
        ("marts.fact_player_game", "player", "person_key"),
    ):
        condition = " and has_played" if kind == "player" else ""
        keys = {row["key"] for row in site.platform.rows(f"select {key} as key from {table} where {WHOSE}{condition}")}
        pages = {name for name in files if name.startswith(f"{kind}/")}
        assert pages <= {page_of(kind, key) for key in keys}
        assert pages or not keys
        if kind != "team":
            assert len(pages) == len(keys)
    for name, text in files.items():
        assert "url(" not in text and "@import" not in text and "://" not in text, name
        assert "None" not in Page(text).text, name


def test_the_pages_of_games_contain_the_numbers_of_the_marts(site: Site) -> None:
    site.write()
    games = site.platform.rows(f"select * from marts.dim_game where {WHOSE} and is_counted")
    assert games
    for game in games:
        page = site.page("game", game["game_key"])
        lines = site.platform.rows(
            "select t.*, d.team_name from marts.fact_team_game as t "
            f"join marts.dim_team as d using (tenant_id, team_key) where t.{WHOSE} and game_key = %s",
            game["game_key"],
        )
        by_period = {row["Team"]: row for row in records(page.table(site="by-period"))}
        for line in lines:
            shown = by_period[line["team_name"]]
            assert int(shown["All"]) == line["score_for"]
            assert [int(shown[period]) for period in ("1", "2", "3")] == [
                line["goals_by_period"].get(period, 0) for period in ("1", "2", "3")
            ]
            side = "home" if line["team_key"] == game["home_team_key"] else "away"
            box = records(page.table(site=f"box-{side}"))
            players = site.platform.rows(
                f"select sum(goals) as goals, sum(seconds) as seconds, count(*) as players from marts.fact_player_game "
                f"where {WHOSE} and game_key = %s and side = %s and has_played and not is_goalie",
                game["game_key"],
                line["side"],
            )[0]
            assert len(box) == players["players"]
            assert sum(int(row["G"]) for row in box) == players["goals"]
            minutes = [row["Time"].split(":") for row in box]
            assert sum(int(m) * 60 + int(s) for m, s in minutes) == players["seconds"]
            shifts = records(page.table(site=f"shifts-{side}"))
            counted = site.platform.rows(
                "select sum(shifts) as shifts from marts.fact_player_game "
                f"where {WHOSE} and game_key = %s and side = %s",
                game["game_key"],
                line["side"],
            )[0]
            assert sum(int(row["Shifts"]) for row in shifts) == counted["shifts"]
        goals = records(page.table(site="goals"))
        assert len(goals) == sum(line["goals"] for line in lines)
        if goals:
            assert goals[-1]["Score"] == f"{game['home_score']}:{game['away_score']}"
        shots = site.platform.rows(
            f"select count(*) as n from marts.fact_shot where {WHOSE} and game_key = %s and x is not null",
            game["game_key"],
        )[0]["n"]
        assert len(re.findall(r'class="shot \w+ (?:home|away)"[^>]*><title>', page.source)) == shots > 0


def test_the_pages_of_players_contain_the_numbers_of_the_marts(site: Site) -> None:
    site.write()
    skaters = site.platform.rows(
        f"select * from marts.fact_player_season where {WHOSE} and game_type = 'All' order by person_key"
    )
    enough = sorted(float(row["goals"]) / row["games"] for row in skaters if row["has_enough_games"])
    assert len(enough) > 20
    for row in skaters:
        page = site.page("player", row["person_key"])
        games = records(page.table(mart="fact_player_game"))
        assert len(games) == row["games"]
        assert sum(int(game["G"]) for game in games) == row["goals"]
        assert clock(row["seconds_per_game"]) in page.text
        (line,) = [each for each in records(page.table(percentiles="skater")) if each["Measure"] == "Goals per game"]
        value = float(row["goals"]) / row["games"]
        below, same = sum(each < value for each in enough), sum(each == value for each in enough)
        expected = round(100 * (below + same / 2) / len(enough)) if row["has_enough_games"] else "–"
        assert line["Pct"] == f"{expected}"
        assert f"among {len(enough)} skaters" in page.table(percentiles="skater").caption
    goalies = site.platform.rows(f"select * from marts.fact_goalie_season where {WHOSE} and game_type = 'All'")
    for row in goalies:
        games = records(site.page("player", row["person_key"]).table(mart="fact_goalie_game"))
        assert sum(int(game["GA"]) for game in games) == row["goals_against"]


def test_the_pages_of_the_league_and_the_teams_contain_the_numbers_of_the_marts(site: Site) -> None:
    site.write()
    page = site.page("index")
    for row in site.platform.rows(f"select * from marts.standings where {WHOSE} and game_type = 'All'"):
        shown = {each["Team"]: each for each in records(page.table(mart="standings", type="All"))}[row["team_name"]]
        assert (shown["PTS"], shown["GF"], shown["GA"]) == (
            f"{row['points'].normalize():f}", f"{row['goals_for']}", f"{row['goals_against']}"
        )  # fmt: skip
        team = site.page("team", row["team_key"])
        games = records(team.table(mart="fact_team_game"))
        assert len(games) == row["games"]
        assert f"Place {row['place']} · {row['points'].normalize():f} points" in team.text
        pairs = [table for table in team.tables if table.attributes.get("data-site") == "pairs"]
        assert pairs
    race = records(page.table(site="race"))
    assert all(row["PTS"] == row["Most"] for row in race), "no game is left"
    assert len(records(site.page("games").table(mart="dim_game"))) == 6
    assert len(records(site.page("quality").table(mart="fact_game_quality"))) == 6


def test_a_second_run_writes_nothing(site: Site) -> None:
    first = site.write()
    times = site.times()
    second = site.write()
    assert (second["pages"], second["written"], second["removed"]) == (first["pages"], 0, 0)
    assert site.times() == times


def recorded(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Return the games, or the persons, that each query reads from now on."""
    asked: dict[str, set[str]] = {}
    original = build.reader

    def reader(*args: Any) -> Any:
        rows = original(*args)

        def read(name: str, **more: Any) -> Any:
            asked.setdefault(name, set()).update(more.get("games") or more.get("persons") or ())
            return rows(name, **more)

        return read

    monkeypatch.setattr(build, "reader", reader)
    return asked


def test_a_corrected_game_changes_its_page_and_no_other_game(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write()
    before, league = site.times(), site.platform.leagues["ours"]
    game = league.games[0]
    tree = league.tree(game)
    dropped = next(event for event in tree["events"] if event["type"] == "Pass")
    league.trees[game.game_id] = tree | {"events": [event for event in tree["events"] if event is not dropped]}
    league.load(site.platform.server, site.folder.parent, [game])
    site.platform.build()
    with monkeypatch.context() as patch:
        read = recorded(patch)
        site.write()
    for name in ("events", "shots", "shifts", "player_lines"):
        assert read[name] == {str(game.game_id)}
    changed = {name for name, written in site.times().items() if before.get(name) != written}
    assert not {name for name in changed if name.startswith("game/")} - {page_of("game", str(game.game_id))}
    fresh = Site(site.platform, site.folder.with_name("fresh"))
    fresh.write()
    assert fresh.files() == site.files()


def test_a_game_that_begins_to_count_is_the_only_one_that_is_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    key = site.platform.rows(f"select game_key from marts.dim_game where {WHOSE} and is_counted order by 1 limit 1")
    game = key[0]["game_key"]
    count = f"update marts.dim_game set is_counted = not is_counted where {WHOSE} and game_key = %s"
    site.platform.conn.execute(count.encode(), [game])
    site.write()
    site.platform.conn.execute(count.encode(), [game])
    with monkeypatch.context() as patch:
        read = recorded(patch)
        site.write()
    assert read["events"] == {game}
    fresh = Site(site.platform, site.folder.with_name("fresh"))
    fresh.write()
    assert fresh.files() == site.files()


def test_goals_of_some_change_the_percentiles_of_others_whose_games_are_not_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write()
    before = site.times()
    game = site.platform.rows(f"select game_key from marts.dim_game where {WHOSE} and is_counted order by 1 limit 1")
    for change in ("fact_player_game set goals = goals + 1, points = points + 1", "fact_team_game set goals = goals"):
        site.platform.conn.execute(f"update marts.{change} where {WHOSE} and game_key = %s", [game[0]["game_key"]])
    with monkeypatch.context() as patch:
        read = recorded(patch)
        site.write()
    persons = site.platform.rows(
        f"select person_key from marts.fact_player_game where {WHOSE} and game_key = %s and has_played",
        game[0]["game_key"],
    )
    played = {row["person_key"] for row in persons}
    assert read["player_shots"] <= played
    changed = {name for name, written in site.times().items() if before[name] != written and name.startswith("player/")}
    assert changed - {page_of("player", key) for key in played}, "percentiles of others changed"
    fresh = Site(site.platform, site.folder.with_name("fresh"))
    fresh.write()
    assert fresh.files() == site.files()


def test_percentiles_are_replaced_only_in_their_place() -> None:
    assert with_percentiles("a<!-- percentiles -->\nold<!-- end of percentiles -->b", "new") == (
        "a<!-- percentiles -->\nnew<!-- end of percentiles -->b"
    )
    for page in ("", "a<!-- percentiles -->b", "a<!-- end of percentiles --><!-- percentiles -->b"):
        assert with_percentiles(page, "new") is None


def test_a_renamed_person_and_team_change_the_pages_with_the_name(site: Site) -> None:
    site.write()
    before = site.times()
    person = site.platform.rows(f"select person_key from marts.fact_player_game where {WHOSE} and has_played limit 1")
    key = person[0]["person_key"]
    site.platform.conn.execute(
        f"update marts.dim_person set person_name = 'Renamed Person' where {WHOSE} and person_key = %s", [key]
    )
    site.write()
    changed = {name for name, written in site.times().items() if before[name] != written}
    games = site.platform.rows(f"select game_key from marts.fact_player_game where {WHOSE} and person_key = %s", key)
    assert {page_of("game", row["game_key"]) for row in games} == {name for name in changed if name.startswith("game/")}
    fresh = Site(site.platform, site.folder.with_name("fresh"))
    fresh.write()
    assert fresh.files() == site.files()


def test_a_team_has_the_colour_of_its_exports(site: Site) -> None:
    site.write()
    before = site.times()
    teams = site.platform.rows(f"select team_key, colour from marts.dim_team where {WHOSE} and colour is not null")
    assert teams
    for row in teams:
        assert fills(site.page("team", row["team_key"])) == {COLOURS_BY_KEY[row["team_key"]]} == {row["colour"]}
    key = teams[0]["team_key"]
    site.platform.conn.execute(f"update marts.dim_team set colour = '#123456' where {WHOSE} and team_key = %s", [key])
    site.write()
    changed = {name for name, written in site.times().items() if before[name] != written}
    games = site.platform.rows(f"select game_key from marts.fact_team_game where {WHOSE} and team_key = %s", key)
    assert changed - {f"{name}.html" for name in ("index", "games", "players", "quality")} == {
        page_of("team", key), *(page_of("game", row["game_key"]) for row in games)
    }  # fmt: skip
    assert "#123456" in fills(site.page("index"))


def fills(page: Page) -> set[str]:
    return {given["fill"] for tag, given in page.elements if tag == "circle" and given.get("fill", "").startswith("#")}


def test_the_page_of_a_game_that_is_gone_is_removed(site: Site) -> None:
    site.write()
    site.platform.conn.execute(f"delete from marts.dim_game where {WHOSE} and game_key = '1001'")
    done = site.write()
    assert done["removed"] >= 1
    assert not (site.folder / page_of("game", "1001")).exists()


class _BrokenOffError(Exception):
    pass


def test_a_run_that_breaks_off_leaves_whole_pages_and_the_next_one_completes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is broken off before each page in turn, in steps, while the new page is half written."""
    fresh = Site(site.platform, site.folder.with_name("fresh"))
    total = fresh.write()["pages"]
    put = manifest.Folder.put
    for limit in range(0, total, max(total // 6, 1)):
        count = iter(range(total + 1))

        def broken(folder: manifest.Folder, *args: str, limit: int = limit, count: Iterator[int] = count) -> None:
            if next(count) == limit:
                (folder.path / f".{args[0].rpartition('/')[2]}.0000").write_text("<half")
                raise _BrokenOffError
            put(folder, *args)

        with monkeypatch.context() as patch:
            patch.setattr(manifest.Folder, "put", broken)
            with pytest.raises(_BrokenOffError):
                site.run()
        assert all(text.rstrip().endswith("</html>") for text in site.files().values())
    site.write()
    assert fresh.files() == site.files()
    assert_whole(site)


@pytest.mark.long
def test_a_killed_run_leaves_whole_pages_and_the_next_one_completes(site: Site) -> None:
    command = [sys.executable, "-c", "from stanchion.cli.main import main; main()", "--dsn", site.platform.server.dsn]
    for pages in (1, 4, 20):
        process = subprocess.Popen([*command, "report", "--tenant", "ours", "--out", str(site.folder)])
        while process.poll() is None and len(list(site.folder.rglob("*.html"))) < pages:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all(text.rstrip().endswith("</html>") for text in site.files().values())
    site.platform.conn.execute(f"delete from marts.dim_game where {WHOSE} and game_key = '1001'")
    site.write()
    fresh = Site(site.platform, site.folder.with_name("fresh"))
    fresh.write()
    assert fresh.files() == site.files()
    assert_whole(site)


def test_two_runs_at_once_do_not_mix(site: Site) -> None:
    tenant = str(site.platform.rows("select tenant_id from core.tenant where slug = 'ours'")[0]["tenant_id"])
    with manifest.open_folder(site.folder, tenant):
        outcome = site.run()
    assert outcome.code == 1
    assert f"Another stanchion report writes to {site.folder}" in outcome.err
    site.write()


def test_a_folder_with_other_files_and_the_site_of_another_tenant_are_refused(site: Site, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.html").write_text("mine")
    outcome = Site(site.platform, own).run()
    assert outcome.code == 1
    assert "contains files that are not of a report" in outcome.err
    assert [path.name for path in own.iterdir()] == ["thesis.html"]
    site.write()
    times = site.times()
    outcome = call_stanchion(
        "report", "--tenant", "theirs", "--out", str(site.folder), database_url=site.platform.server.dsn
    )
    assert outcome.code == 1
    assert "contains the report of another tenant" in outcome.err
    assert site.times() == times


def test_an_analyst_gets_the_same_pages(site: Site) -> None:
    site.write()
    add_analyst(site.platform.conn, "site_reader", ["ours"])
    try:
        seen = Site(site.platform, site.folder.with_name("seen"))
        seen.write("--as", "site_reader")
        assert seen.files() == site.files()
    finally:
        revoke_analyst(site.platform.conn, "site_reader", [])


@pytest.fixture
def evil_site(site: Site) -> Site:
    """A site in which every name is an attempt to run a script."""
    conn = site.platform.conn
    conn.execute("update marts.dim_team set team_name = %s || team_key", [EVIL])
    conn.execute("update marts.dim_person set person_name = %s || person_key, position = %s", [EVIL, EVIL])
    conn.execute("update core.tenant set name = %s where slug = 'ours'", [EVIL])
    conn.execute("update marts.fact_game_quality set reason = %s where reason is not null", [EVIL])
    conn.execute("update marts.fact_event set detail1 = %s, detail2 = %s where type = 'Penalty'", [EVIL, EVIL])
    site.write()
    return site


def test_names_in_a_site_are_escaped(evil_site: Site) -> None:
    for name, text in evil_site.files().items():
        page = Page(text)
        scripts = [given for tag, given in page.elements if tag == "script"]
        assert [set(given) for given in scripts] == [{"src", "defer"}], name
        assert not {tag for tag, _ in page.elements} & {"img", "iframe", "object", "form", "base"}
        assert not [given for _, given in page.elements for attribute in given if attribute.startswith("on")]
        assert "<img" not in text
    assert_whole(evil_site)


def test_the_race_counts_only_games_to_come_and_decides_by_points() -> None:
    standings = [{"team_key": key, "points": points} for key, points in (("a", 10), ("b", 8), ("c", 3))]
    to_come = [("b", "c", "Regular"), ("a", "c", None), ("a", "b", "Playoffs")]
    games = [
        {"status": "scheduled", "home_team_key": home, "away_team_key": away, "game_type": kind}
        for home, away, kind in to_come
    ]
    games.append({"status": "final", "home_team_key": "a", "away_team_key": "b", "game_type": "Regular"})
    race = {row["team_key"]: row for row in playoff_race(standings, games, 2.0)}
    assert {key: (row["left"], row["most"]) for key, row in race.items()} == {"a": (1, 12), "b": (1, 10), "c": (2, 7)}
    assert {key: (row["best_place"], row["worst_place"]) for key, row in race.items()} == {
        "a": (1, 2), "b": (1, 2), "c": (3, 3)
    }  # fmt: skip


def test_percentiles_compare_players_with_enough_games_only() -> None:
    measure = Measure("Goals", "Goals", "goals")
    rows = [{"games": 9, "goals": goals, "has_enough_games": True} for goals in (0, 1, 2, 3, 4)]
    few = {"games": 1, "goals": 9, "has_enough_games": False}
    unknown = {"games": 9, "goals": None, "has_enough_games": True}
    among = compare([*rows, few, unknown], [measure])
    assert among.players == 6
    assert [among.of(row)[0].percentile for row in (*rows, few)] == [10, 30, 50, 70, 90, None]
    assert among.of(unknown) == []
    low = compare(rows, [replace(measure, low_is_good=True)])
    assert [low.of(row)[0].percentile for row in rows] == [90, 70, 50, 30, 10]
    assert compare(rows[:4], [measure]).of(rows[0])[0].percentile is None


def test_two_keys_never_have_the_same_file() -> None:
    keys = [
        "a",
        "A",
        "a ",
        "á",
        "..",
        "../x",
        "/etc/passwd",
        "",
        "a" * 300,
        "a" * 301,
        "con",
        "x#1",
        "x 1",
        "x-1",
        "P1",
    ]
    files = [page_of("player", key) for key in keys]
    assert len({file.lower() for file in files}) == len(keys)
    assert all(re.fullmatch(r"player/[a-z0-9-]{1,60}\.html", file) for file in files)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.debian
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_kind_of_page_fits_every_screen(site: Site, dark: bool) -> None:
    site.write()
    files = site.files()
    pages = ["index.html", "games.html", "players.html", "quality.html"]
    pages += [next(name for name in files if name.startswith(f"{kind}/")) for kind in ("team", "player", "game")]
    for page in pages:
        seen, console = look_at(site.folder, page, 360, 768, 1280, dark=dark)
        assert console == [], page
        for each in seen:
            found = (each.clipped, each.faint, each.faults, each.unreachable, each.violations)
            assert found == ([], [], [], [], []), (page, each.width)
            assert each.scroll_width == each.width, page
            assert {request.rpartition("/")[2] for request in each.requests} <= {"style.css", "site.js"}, page
