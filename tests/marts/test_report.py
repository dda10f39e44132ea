"""The report of a league contains the numbers of its marts, no other league, and any name as plain text."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access import tenants
from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.dev.sample import hockey_scraper
from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.files import event_csv
from stanchion.dev.sample.games import Game
from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from stanchion.report.page import _environment
from tests.browser import look
from tests.conftest import Outcome
from tests.html import Page, Table
from tests.marts.league import League, play
from tests.marts.platform import Maker, Platform
from tests.marts.test_book import schedule_of
from tests.program import call_stanchion

Write = Callable[..., Page]
STANDINGS = {
    "#": "place", "GP": "games", "W": "wins", "L": "losses", "T": "ties", "OTL": "overtime_losses",
    "SOL": "shootout_losses", "PTS": "points", "GF": "goals_for", "GA": "goals_against", "Last five": "last_five",
    "Streak": "streak",
}  # fmt: skip


def write_report(dsn: str, folder: Path, *args: str) -> Page:
    """Write a report and parse it as a page."""
    out = folder / "report.html"
    outcome = call_stanchion("report", "--out", str(out), *args, database_url=dsn)
    assert outcome.code == 0, outcome.err
    assert list(folder.glob(".*")) == [], "no temporary file must remain"
    return Page(out.read_text(encoding="utf-8"))


@pytest.fixture
def write(built: Platform, tmp_path: Path) -> Write:
    """Write a report of the leagues that are already built."""

    def write(*args: str, dsn: str = built.server.dsn) -> Page:
        return write_report(dsn, tmp_path, *args)

    return write


def records(table: Table) -> list[dict[str, str]]:
    """Return the rows of a table by column."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def refused(built: Platform, *args: str, dsn: str = "") -> str:
    outcome = call_stanchion("report", "--out", "/tmp/never.html", *args, database_url=dsn or built.server.dsn)
    assert outcome.code == 1
    assert not Path("/tmp/never.html").exists()
    return outcome.err.strip().splitlines()[-1]


def clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def test_the_page_contains_the_numbers_of_the_marts(built: Platform, write: Write) -> None:
    page = write("--tenant", "ours")
    whose = "tenant_id = (select tenant_id from core.tenant where slug = 'ours')"
    name = "(select team_name from marts.dim_team as t where t.tenant_id = s.tenant_id and t.team_key = s.{})"
    for kind in ("All", "Regular", "Playoffs"):
        lines = built.rows(
            f"select {name.format('team_key')} as team, s.* from marts.standings as s where {whose} and game_type = %s",
            kind,
        )
        assert len(lines) > 1
        printed = {row["Team"]: row for row in records(page.table(mart="standings", type=kind))}
        assert printed.keys() == {line["team"] for line in lines}
        for line in lines:
            shown = printed[line["team"]]
            for column, key in STANDINGS.items():
                assert shown.get(column, "0") == str(line[key]).removesuffix(".00"), (line["team"], column)
        for column in ("T", "OTL", "SOL"):
            occurs = any(line[STANDINGS[column]] for line in lines)
            assert all((column in shown) == occurs for shown in printed.values()), column

    for row in built.rows(
        f"select p.person_key, sum(goals) as goals, sum(assists) as assists, sum(seconds) as seconds "
        f"from marts.fact_player_game as p where {whose} and is_counted and has_played and not is_goalie group by 1"
    ):
        games = page.table(mart="fact_player_game", person=row["person_key"]).rows
        assert sum(int(game[1]) for game in games) == row["goals"]
        assert sum(int(game[2]) for game in games) == row["assists"]
        minutes = [game[6].split(":") for game in games]
        assert sum(int(m) * 60 + int(s) for m, s in minutes) == row["seconds"]

    for row in built.rows(
        f"select {name.format('team_key')} as team, sum(goals) as goals, sum(shots_on_goal) as on_goal, "
        f"sum(shots_missed) as missed, sum(shots_blocked) as blocked, sum(shots) as shots "
        f"from marts.fact_team_game as s where {whose} and is_counted group by tenant_id, team_key"
    ):
        (shot_row,) = [line for line in page.table(chart="shots").rows if line[0] == row["team"]]
        goals, saved, missed, blocked, other, shots = map(int, shot_row[2:8])
        assert (goals, goals + saved, missed, blocked, shots) == (
            row["goals"],
            row["on_goal"],
            row["missed"],
            row["blocked"],
            row["shots"],
        )
        assert goals + saved + missed + blocked + other == shots

    left_out = built.rows(f"select reason from marts.fact_game_quality where {whose} and not is_counted")
    assert [row[2] for row in page.table(quality="left-out").rows] == [row["reason"] for row in left_out]
    assert left_out
    assert len(page.table(mart="fact_game_quality").rows) == len(page.table(mart="dim_game").rows) == 6


@pytest.fixture(scope="module")
def pages(unloaded_platform: Maker, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """The reports of three leagues whose sources do not record everything.

    The games of `bare` are from event CSV files, two of the four games of `mixed` too, and the games of `shootouts` are
    from a league that plays overtimes and shootouts and gives three points for a win in the regular periods.
    """
    folder = tmp_path_factory.mktemp("report")
    bare, mixed, shootouts = play("bare", 3, 9001, seed=5), play("mixed", 4, 9101, seed=6), League("shootouts", [])
    played = [book_game(number) for number in range(8)]
    with unloaded_platform(folder, bare, mixed, shootouts) as platform:
        tenants.set_settings(platform.conn, "shootouts", {"contest.points_regular_win": "1"}, None)
        add_event_csv(platform, folder, bare, bare.games)
        add_event_csv(platform, folder, mixed, mixed.games[:2])
        mixed.schedule(platform.server, mixed.games[2:])
        mixed.load(platform.server, folder, mixed.games[2:])
        with open_session(platform.server, "shootouts") as session:
            schedule = schedule_of((hockey_scraper.game_key(game), game) for game in played)
            load_schedule(session, "schedule.csv", schedule, lambda done: None)
        (folder / "shootouts.csv").write_bytes(hockey_scraper.hockey_scraper_csv(played))
        load(platform.server, "shootouts", (str(folder / "shootouts.csv"),))
        platform.build()
        return {slug: write_report(platform.server.dsn, folder, "--tenant", slug) for slug in platform.leagues}


def add_event_csv(platform: Platform, folder: Path, league: League, games: list[Game]) -> None:
    """Load games from an event CSV of two days, with their official score."""
    lines = ["game_id,date,home,away,season,type,home_score,away_score"]
    for number, game in enumerate(games):
        day = f"2026-02-{number + 1:02}"
        file = folder / f"{league.slug}-{number}.csv"
        file.write_bytes(event_csv([game], day))
        home, away = game.teams["home"], game.teams["away"]
        score = ",".join(str(sum(game.truth.score[side].values())) for side in ("home", "away"))
        lines.append(f"{day} {home} vs {away},{day},{home},{away},2026,Regular,{score}")
        load(platform.server, league.slug, (str(file),))
    with open_session(platform.server, league.slug) as session:
        load_schedule(session, f"{league.slug}.csv", "\n".join(lines).encode(), lambda done: None)


def leader_tables(page: Page) -> set[str]:
    return {table.attributes["data-leaders"] for table in page.tables if "data-leaders" in table.attributes}


@pytest.mark.parametrize("slug", ["bare", "mixed", "shootouts"])
def test_no_page_contains_a_null(pages: dict[str, Page], slug: str) -> None:
    assert "None" not in pages[slug].text
    assert "null" not in pages[slug].text


def test_a_figure_without_its_whole_is_a_dash() -> None:
    macros = "{% from 'parts.html' import out_of %}{% from 'site/macros.html' import percentile %}"
    page = _environment().from_string(macros + "{{ out_of(none, 3) }} {{ out_of(3, none) }} {{ percentile(none) }}")
    assert " ".join(page.render().split()) == '– – <td>–</td><td class="drawn"></td>'


def test_figures_that_no_source_records_are_left_out_with_a_sentence(pages: dict[str, Page]) -> None:
    page = pages["bare"]
    for figure in ("assists", "ice time", "the goalie in net"):
        assert f"The source of these games does not record {figure}." in page.text
    assert leader_tables(page) == {"goals"}
    missing = {row["Figure"]: row["Games without it"] for row in records(page.table(quality="unrecorded"))}
    assert missing.items() >= {("assists", "3 of 3"), ("plus and minus", "3 of 3"), ("ice time", "3 of 3")}
    assert "missed shots" not in missing
    assert "faceoffs" not in missing
    assert not [table for table in page.tables if "Time" in table.columns and table.caption != "Goalies"]
    players = [table for table in page.tables if table.attributes.get("data-mart") == "fact_player_game"]
    assert len(players) > 20
    for table in players:
        for row in records(table):
            assert (row["A"], row["+/−"]) == ("–", "–")
            assert row["G"].isdigit()
            assert row["SOG"].isdigit()
    assert "A–" in page.text
    assert "P–" in page.text
    for row in records(page.table(chart="shots")):
        parts = [int(row[column]) for column in ("Goals", "Saved", "Missed", "Blocked", "Other")]
        assert sum(parts) == int(row["All"])


def test_totals_are_of_the_games_whose_source_records_the_figure(pages: dict[str, Page]) -> None:
    page = pages["mixed"]
    assert "Without 2 of 4 games, whose source does not record ice time." in page.text
    assert leader_tables(page) == {"points", "goals", "time", "goalies"}
    leaders = page.table(leaders="points").rows
    assert all(row[4].isdigit() and int(row[2]) + int(row[3]) >= int(row[4]) for row in leaders)
    assert all(row["Time"] not in ("–", "0:00") for row in records(page.table(leaders="time")))


def test_losses_in_a_shootout_have_a_column_and_a_meaning(pages: dict[str, Page]) -> None:
    page = pages["shootouts"]
    played = [book_game(number) for number in range(8)]
    endings = Counter(game.ended_in for game in played)
    assert endings["shootout"] == 2
    standings = records(page.table(mart="standings", type="All"))
    assert "T" not in standings[0]
    count = {column: sum(int(row[column]) for row in standings) for column in ("W", "RW", "L", "OTL", "SOL")}
    assert count == {
        "W": 8,
        "RW": endings["regular"],
        "L": endings["regular"],
        "OTL": endings["overtime"],
        "SOL": endings["shootout"],
    }
    for row in standings:
        wins, regular, overtime, shootout = (int(row[column]) for column in ("W", "RW", "OTL", "SOL"))
        assert int(row["PTS"]) == 2 * wins + regular + overtime + shootout
    assert "In the last five games, O is a loss in overtime, and S is a loss in a shootout." in page.text
    assert "W–L–OTL–SOL" in page.text
    scores = {row["Day"]: row["Score"] for row in records(page.table(mart="dim_game"))}
    for game in played:
        ending = {"regular": "", "overtime": " OT", "shootout": " SO"}[game.ended_in]
        assert scores[f"{game.day}"] == f"{game.truth.score['home']}:{game.truth.score['away']}{ending}"
    results = [row[2] for table in page.tables if "data-team" in table.attributes for row in table.rows]
    assert sum(result.startswith("SOL ") for result in results) == 2
    assert "The source of these games does not record ice time." in page.text


def test_the_page_contains_one_league_for_every_reader(built: Platform, write: Write) -> None:
    built.conn.execute(
        "update marts.dim_team as t set team_name = 'Foreign ' || team_name from core.tenant as c "
        "where c.tenant_id = t.tenant_id and c.slug = 'theirs'"
    )
    built.conn.execute(
        "update marts.dim_person as p set person_name = 'Foreign ' || person_name from core.tenant as c "
        "where c.tenant_id = p.tenant_id and c.slug = 'theirs'"
    )
    password = add_analyst(built.conn, "report_reader", ["ours"])
    reader = make_conninfo(built.server.dsn, user="report_reader", password=password)
    try:
        pages = {
            "operator": write("--tenant", "ours"),
            "as the analyst": write("--tenant", "ours", "--as", "report_reader"),
            "analyst": write("--tenant", "Ours", dsn=reader),
        }
        texts = {re.sub(r"Written by .*", "", page.text) for page in pages.values()}
        assert len(texts) == 1
        assert "Foreign" not in texts.pop()
        refusal = refused(built, "--tenant", "theirs", "--as", "report_reader")
        assert "'report_reader' has no right to read theirs" in refusal
        refusal = refused(built, "--tenant", "Theirs", dsn=reader)
        assert "cannot read a tenant with the name or id 'Theirs'. Tenants that it reads: Ours." in refusal
        assert "Only a superuser can read as 'postgres'" in refused(
            built, "--tenant", "Ours", "--as", "postgres", dsn=reader
        )
    finally:
        revoke_analyst(built.conn, "report_reader", [])


EVIL = """"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}&amp;</style>"""


@pytest.fixture
def evil_page(built: Platform, write: Write) -> Page:
    """A report in which every name is an attempt to run a script."""
    assert built.rows("select count(*) as n from marts.dim_team")[0]["n"] > 0
    built.conn.execute("update marts.dim_team set team_name = %s || team_key, colour = %s", [EVIL, EVIL])
    built.conn.execute("update marts.dim_person set person_name = %s || person_key", [EVIL])
    built.conn.execute("update core.tenant set name = %s where slug = 'ours'", [EVIL])
    built.conn.execute("update marts.fact_game_quality set reason = %s where reason is not null", [EVIL])
    return write("--tenant", "ours")


@pytest.mark.long
def test_names_are_escaped(evil_page: Page) -> None:
    tags = {tag for tag, _ in evil_page.elements}
    assert not tags & {"script", "img", "iframe", "object", "form"}
    assert not [given for _, given in evil_page.elements for name in given if name.startswith("on")]
    assert evil_page.headings[0] == (1, EVIL)
    assert all(row[1].startswith(EVIL) for row in evil_page.table(mart="standings", type="All").rows)
    assert evil_page.table(quality="left-out").rows[0][2] == EVIL


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.debian
def test_escaped_names_fit_and_run_nothing(evil_page: Page) -> None:
    seen, console = look(evil_page.source, 360)
    assert (seen[0].scroll_width, console) == (360, [])


@pytest.mark.long
def test_the_page_refers_to_nothing_outside_itself(write: Write) -> None:
    page = write("--tenant", "ours")
    targets = [given[name] or "" for _, given in page.elements for name in ("href", "src") if name in given]
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert {target for target in targets if not target.startswith("#")} == {"data:,"}
    assert "url(" not in page.source
    assert "@import" not in page.source
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in targets if target.startswith("#")} <= set(ids)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.debian
def test_the_page_loads_nothing_and_fits_every_screen(write: Write) -> None:
    page = write("--tenant", "ours")
    for dark in (False, True):
        seen, console = look(page.source, 360, 768, 1280, dark=dark)
        assert console == []
        for each in seen:
            assert (each.requests, each.faint, each.unreachable) == ([], [], []), each.width
            assert (each.clipped, each.faults) == ([], []), each.width
            assert each.scroll_width == each.width


def test_the_page_is_accessible(write: Write) -> None:
    page = write("--tenant", "ours")
    tags = [tag for tag, _ in page.elements]
    assert all(tags.count(landmark) == 1 for landmark in ("header", "nav", "main", "footer", "h1"))
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert all(text.strip() for _, text in page.headings)
    for table in page.tables:
        assert table.caption.strip(), table.attributes
        assert table.columns
        assert set(table.scopes) <= {"col", "row"}
        assert all(len(row) == len(table.columns) for row in table.rows)
    for tag, given in page.elements:
        if tag == "svg":
            assert given.get("aria-hidden") == "true", "a chart is hidden, because a table has its numbers"
    assert page.elements[0][1] == {"lang": "en"}


@pytest.mark.long
def test_a_season_can_be_selected(built: Platform, write: Write) -> None:
    pages = [write("--tenant", "ours", *season).text for season in ([], ["--season", "2026"])]
    assert len({re.sub(r"at \d\d:\d\d UTC", "", page) for page in pages}) == 1  # without the time of the report
    assert "Ours has no season '1999'. Its seasons: 2026." in refused(built, "--tenant", "ours", "--season", "1999")
    assert "The marts contain no game of Nobody" in refused(built, "--tenant", "nobody")
    assert "Tenant 'nowhere' does not exist" in refused(built, "--tenant", "nowhere")


def test_json_output_contains_the_file_and_its_size(built: Platform, tmp_path: Path) -> None:
    out = tmp_path / "ours.html"
    outcome = call_stanchion("report", "--tenant", "ours", "--out", str(out), "--json", database_url=built.server.dsn)
    assert json.loads(outcome.out) == {"file": str(out), "bytes": out.stat().st_size}


def test_a_report_that_cannot_be_written_is_refused(dsn: str, db: psycopg.Connection) -> None:
    db.execute("select core.create_tenant('ours', 'Ours', 'league')")

    def report(*args: str) -> Outcome:
        return call_stanchion("report", *args, database_url=dsn)

    assert "The marts do not exist yet" in _last(report("--tenant", "ours", "--out", "/tmp/never.html"))
    assert "the folder /nowhere does not exist" in _last(report("--tenant", "x", "--out", "/nowhere/x.html"))
    assert report("--out", "/tmp/never.html").code == 2
    assert report("--partitions", "--tenant", "x", "--out", "/tmp/never.html").code == 2


def _last(outcome: Outcome) -> str:
    assert outcome.code == 1
    return outcome.err.strip().splitlines()[-1]
