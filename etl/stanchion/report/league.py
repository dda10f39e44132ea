"""The report of a league's season, read from its marts in one snapshot and with the rights of the reader."""

from collections.abc import Callable, Iterable
from typing import Any

from psycopg.rows import dict_row

from stanchion.access.reader import Tenant
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.report.agreement import Agreement, agreements
from stanchion.report.charts import strip
from stanchion.report.page import anchors, links, render, total
from stanchion.server.connection import Connection

Row = dict[str, Any]
TOP = 10
# The results of games, with the name and the meaning of their column. A table has only the columns that occur.
RESULTS = (
    ("wins", "W", "Wins"),
    ("losses", "L", "Losses in the regular periods"),
    ("ties", "T", "Ties"),
    ("overtime_losses", "OTL", "Losses in overtime"),
    ("shootout_losses", "SOL", "Losses in a shootout"),
)
# The figures of the page that some sources do not record, with the column of the query `recorded`.
FIGURES = {
    "assists": "assists",
    "plus and minus": "plus_minus",
    "penalty minutes": "penalty_minutes",
    "faceoffs": "faceoffs",
    "ice time": "ice_time",
    "power-play goals": "power_play_goals",
    "missed shots": "missed_shots",
    "the goalie in net": "goals_against",
    "saves": "saves",
}
Rows = Callable[..., list[Row]]


def league_page(conn: Connection, tenant: Tenant, season: str | None = None) -> str:
    """Return the page of a tenant's season (default: the latest), read with the rights of the connection."""
    rows = reader(conn, tenant, "report")
    facts = season_facts(rows, tenant, season)
    key = facts["season"] and facts["season"]["season_key"]
    team_anchors = anchors("team", (team["team_key"] for team in facts["teams"]))
    players = (row["person_key"] for row in (*facts["skaters"], *facts["goalies"]))
    player_anchors = anchors("player", dict.fromkeys(players))
    return render(
        "league.html",
        **facts,
        team_anchors=team_anchors,
        player_anchors=player_anchors,
        team_links=links(team_anchors),
        player_links=links(player_anchors),
        game_links={},
        root="",
        trends={},
        quality_link="#quality",
        skater_games=grouped(rows("skater_games", season=key, persons=None), "person_key"),
        goalie_games=grouped(rows("goalie_games", season=key, persons=None), "person_key"),
    )


def reader(conn: Connection, tenant: Tenant, package: str) -> Rows:
    """Return a function that runs a named query of a package for a tenant, in the transaction of the connection."""
    conn.execute("select core.plan_for_marts()")
    cursor = conn.cursor(row_factory=dict_row)

    def rows(name: str, **more: Any) -> list[Row]:
        return cursor.execute(query(package, name).encode(), {"tenant": tenant.tenant_id, **more}).fetchall()

    return rows


def season_facts(rows: Rows, tenant: Tenant, wanted: str | None) -> Row:
    """Return the facts of the pages of a league, without the games of each player."""
    season = _choose(rows("seasons"), wanted, tenant.name)
    key = season and season["season_key"]
    names = ("standings", "teams", "skaters", "goalies", "games", "team_games")
    found = {name: rows(name, season=key) for name in names}
    official = agreements(rows)
    if not found["games"]:
        raise StanchionError(f"The marts contain no game of {tenant.name}; load games, then run: stanchion build")
    by_time = sorted(found["skaters"], key=lambda row: -(row["seconds_per_game"] or 0))
    (recorded,) = rows("recorded", season=key)
    played = recorded["games"]
    unrecorded = {figure: played - recorded[column] for figure, column in FIGURES.items() if played > recorded[column]}
    by_team = grouped(found["team_games"], "team_key")
    enough = [row for row in found["skaters"] if row["has_enough_games"]]
    return {
        "league": tenant.name,
        "season": season,
        "as_of": rows("age")[0]["refreshed_at"],
        "tables": [(kind, _results(lines), lines) for kind, lines in grouped(found["standings"], "game_type").items()],
        "teams": found["teams"],
        "team_results": _results(found["teams"]),
        "team_names": {team["team_key"]: team["team_name"] for team in found["teams"]},
        "colours": {team["team_key"]: team["colour"] for team in found["teams"]},
        "records": _records(rows("pairs")),
        "skaters": found["skaters"],
        "goalies": found["goalies"],
        "by_points": [row for row in found["skaters"] if row["points"] is not None][:TOP],
        "by_goals": sorted(found["skaters"], key=lambda row: row["goals_rank"])[:TOP],
        "by_time": [row for row in by_time if row["seconds_per_game"] is not None][:TOP],
        "all_goals": [row["goals"] for row in enough],
        "all_times": [row["seconds_per_game"] for row in enough if row["seconds_per_game"] is not None],
        "team_skaters": grouped(by_time, "team_key"),
        "top": TOP,
        "games": found["games"],
        "official": official,
        "official_columns": _by_column(
            official[row["game_key"]] for row in found["games"] if row["game_key"] in official
        ),
        "played": played,
        "unrecorded": unrecorded,
        "absent": {figure for figure, games in unrecorded.items() if games == played},
        "team_games": by_team,
        "shots": {key: _shots(rows) for key, rows in by_team.items()},
        "power_plays": {key: _power_plays(rows) for key, rows in by_team.items()},
        "strip": strip,
    }


def _choose(seasons: list[Row], wanted: str | None, league: str) -> Row | None:
    """Return the wanted season; by default the latest with a game that counts, otherwise the latest."""
    if wanted is None:
        counted = [season for season in seasons if season["games_counted"]]
        return next(iter(counted or seasons), None)
    for season in seasons:
        if wanted == season["season_key"]:
            return season
    known = ", ".join(season["season_key"] for season in seasons[:10]) or "none"
    raise StanchionError(f"{league} has no season '{wanted}'. Its seasons: {known}.")


def _shots(games: list[Row]) -> Row:
    """Return the shot attempts of a team by outcome, of the games whose source records all of them.

    When there is no such game, they are of all games, and the number of attempts is None.
    """
    of = [game for game in games if game["shots"] is not None] or games
    goals, on_goal, missed, blocked, attempts = (
        total(of, column) for column in ("goals", "shots_on_goal", "shots_missed", "shots_blocked", "shots")
    )
    saved = None if on_goal is None else on_goal - goals
    parts = {"goal": goals, "saved": saved, "missed": missed, "blocked": blocked}
    known = sum(part for part in parts.values() if part is not None)
    parts["other"] = None if attempts is None else attempts - known
    return {"parts": parts, "attempts": attempts, "known": known if attempts is None else attempts}


def _power_plays(games: list[Row]) -> Row:
    """Return the power plays of a team and its goals in them, of the games whose source records both."""
    of = [game for game in games if game["power_play_goals"] is not None]
    return {"goals": total(of, "power_play_goals"), "chances": total(of, "power_plays")}


def _results(rows: list[Row]) -> list[tuple[str, str, str]]:
    """Return the columns of results in a table of teams: wins, losses, and the others that occur."""
    return [result for result in RESULTS if result[0] in ("wins", "losses") or any(row[result[0]] for row in rows)]


def _by_column(games: Iterable[Agreement]) -> list[Row]:
    """Add up the official figures of games by scope and column."""
    found: dict[tuple[str, str], Row] = {}
    for game in games:
        for row in game.columns:
            total = found.setdefault((row["scope"], row["name"]), row | {"cells": 0, "equal_cells": 0})
            total["cells"] += row["cells"]
            total["equal_cells"] += row["equal_cells"]
    return [found[key] for key in sorted(found)]


def grouped(rows: list[Row], key: str) -> dict[str, list[Row]]:
    """Return rows by the value of a column, in their order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _records(pairs: list[Row]) -> dict[tuple[str, str], Row]:
    """Return the record of each pair of teams in both orders, from the view of the first team."""
    found = {}
    for pair in pairs:
        first, second = pair["first_team_key"], pair["second_team_key"]
        ours = {"wins": pair["first_wins"], "losses": pair["second_wins"], "ties": pair["ties"]}
        goals = {"goals_for": pair["first_goals"], "goals_against": pair["second_goals"]}
        found[first, second] = ours | goals
        found[second, first] = {
            "wins": pair["second_wins"],
            "losses": pair["first_wins"],
            "ties": pair["ties"],
            "goals_for": pair["second_goals"],
            "goals_against": pair["first_goals"],
        }
    return found
