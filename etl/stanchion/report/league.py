"""The report of a league's season, read from its marts in one snapshot and with the rights of the reader."""

from collections.abc import Iterable
from typing import Any

from psycopg.rows import dict_row

from stanchion.access.reader import Tenant
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.report.agreement import Agreement, agreements
from stanchion.report.page import anchors, render, total
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
# The figures of the page that some sources do not record: the rows of a game in which they are, and the column.
FIGURES = {
    "assists": ("skater_games", "assists"),
    "plus and minus": ("skater_games", "plus_minus"),
    "penalty minutes": ("skater_games", "penalty_minutes"),
    "faceoffs": ("skater_games", "faceoffs_won"),
    "ice time": ("skater_games", "seconds"),
    "power-play goals": ("team_games", "power_play_goals"),
    "missed shots": ("team_games", "shots"),
    "the goalie in net": ("goalie_games", "goals_against"),
    "saves": ("goalie_games", "saves"),
}


def league_page(conn: Connection, tenant: Tenant, season: str | None = None) -> str:
    """Return the page of a tenant's season (default: the latest), read with the rights of the connection."""
    return render("league.html", **_facts(conn, tenant, season))


def _facts(conn: Connection, tenant: Tenant, wanted: str | None) -> Row:
    def rows(name: str, **more: Any) -> list[Row]:
        cursor = conn.cursor(row_factory=dict_row)
        return cursor.execute(query("report", name).encode(), {"tenant": tenant.tenant_id, **more}).fetchall()

    season = _choose(rows("seasons"), wanted, tenant.name)
    names = ("standings", "teams", "skaters", "goalies", "games", "team_games", "skater_games", "goalie_games")
    found = {name: rows(name, season=season and season["season_key"]) for name in names}
    official = agreements(rows)
    if not found["games"]:
        raise StanchionError(f"The marts contain no game of {tenant.name}; load games, then run: stanchion build")
    by_time = sorted(found["skaters"], key=lambda row: -(row["seconds_per_game"] or 0))
    played = len({row["game_key"] for row in found["team_games"]})
    unrecorded = _unrecorded(found)
    by_team = _grouped(found["team_games"], "team_key")
    return {
        "league": tenant.name,
        "season": season,
        "as_of": rows("age")[0]["refreshed_at"],
        "tables": [(kind, _results(lines), lines) for kind, lines in _grouped(found["standings"], "game_type").items()],
        "teams": found["teams"],
        "team_results": _results(found["teams"]),
        "team_anchors": anchors("team", (team["team_key"] for team in found["teams"])),
        "player_anchors": anchors(
            "player", dict.fromkeys(row["person_key"] for row in (*found["skaters"], *found["goalies"]))
        ),
        "records": _records(rows("pairs")),
        "skaters": found["skaters"],
        "goalies": found["goalies"],
        "by_points": [row for row in found["skaters"] if row["points"] is not None][:TOP],
        "by_goals": sorted(found["skaters"], key=lambda row: row["goals_rank"])[:TOP],
        "by_time": [row for row in by_time if row["seconds_per_game"] is not None][:TOP],
        "team_skaters": _grouped(by_time, "team_key"),
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
        "skater_games": _grouped(found["skater_games"], "person_key"),
        "goalie_games": _grouped(found["goalie_games"], "person_key"),
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


def _unrecorded(found: dict[str, list[Row]]) -> dict[str, int]:
    """Return the figures that the sources of some games do not record, with the number of these games."""
    games = {row["game_key"] for row in found["team_games"]}
    missing = {
        figure: len(games - {row["game_key"] for row in found[rows] if row[column] is not None})
        for figure, (rows, column) in FIGURES.items()
    }
    return {figure: number for figure, number in missing.items() if number}


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


def _grouped(rows: list[Row], key: str) -> dict[str, list[Row]]:
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
