"""The box scores of a folder of exports in polars, by the definitions of boxscores.duckdb.sql."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
from polars import col

_SIDE = ["game_key", "side"]
_PLAYER = [*_SIDE, "player_key"]
_TEXT, _NUMBER = pl.String, pl.Int32
_LISTED = pl.List(pl.Struct({"id": _TEXT, "num": _TEXT}))
_NAMED = pl.List(pl.Struct({"n": _TEXT, "name": _TEXT, "pos": _TEXT}))
_ROSTER: dict[str, Any] = {"gid": _TEXT, "date": _TEXT, "homeRoster": _NAMED, "awayRoster": _NAMED}
_ON_ICE = pl.Struct({slot: pl.Struct({"num": _NUMBER}) for slot in ("F1", "F2", "F3", "D1", "D2", "G", "X")})
_TOOK_PART = pl.Struct({"num": _NUMBER, "team": _TEXT, "role": _TEXT, "playD1": _TEXT})
_EVENT = {"period": _NUMBER, "type": _TEXT, "team": _TEXT, "detail1": _TEXT, "start_time": _TEXT}
_STINT = {"period": _NUMBER, "start_time": _TEXT, "end_time": _TEXT, "duration": _NUMBER}
_SAVE: dict[str, Any] = {
    "gameId": pl.Int64,
    "exportDate": _TEXT,
    "rosters": pl.Struct({"home": _LISTED, "away": _LISTED}),
    "events": pl.List(pl.Struct(_EVENT | {"players": pl.List(_TOOK_PART)})),
    "shifts": pl.List(pl.Struct(_STINT | {"home": _ON_ICE, "away": _ON_ICE})),
    "penaltyLengths": pl.Struct(dict.fromkeys(("minor", "major", "misconduct"), _NUMBER)),
}


def box_scores(exports: Iterable[Path], rosters: Iterable[Path]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a line per player and a line per team of each game. Of the saves of a game the latest one is used."""
    saves = pl.concat(pl.read_json(file, schema=_SAVE) for file in exports)
    saves = saves.sort("exportDate").unique("gameId", keep="last").rename({"gameId": "game_key"})
    saves = saves.with_columns(col("game_key").cast(_TEXT))
    events = saves.select("game_key", "penaltyLengths", "events").explode("events").unnest("events")
    events = events.with_columns(_seconds("start_time").alias("remaining_s")).with_row_index("event_no")
    took_part = events.select("game_key", "event_no", "type", "players").explode("players").unnest("players")
    stints = saves.select("game_key", "shifts").explode("shifts").unnest("shifts").filter(col("start_time") != "")
    stints = stints.with_columns(_seconds("start_time").alias("start_s"), _seconds("end_time").alias("end_s"))
    stints = stints.with_row_index("stint_no")
    on_ice = _on_ice(stints)
    goals = _goals(events, stints, on_ice)
    first = took_part.filter(col("role") == "event_player_1").unique("event_no", keep="first")
    credited = events.join(first.select("event_no", player_key="num"), on="event_no", how="left")
    credited = credited.rename({"team": "side"}).with_columns(_minutes().alias("minutes"))
    counted = credited.filter(col("player_key").is_not_null()).group_by(_PLAYER).agg(**_COUNTS)
    lines = _listed(saves, rosters)
    for part in (counted, _marks(took_part), _ice(on_ice), _happened(goals, on_ice)):
        lines = lines.join(part.with_columns(col("player_key").cast(_TEXT)), on=_PLAYER, how="left")
    lines = lines.with_columns(pl.selectors.numeric().fill_null(0).cast(_NUMBER))
    return lines, _teams(lines, credited, stints, goals)


def _seconds(clock: str) -> pl.Expr:
    parts = col(clock).str.split_exact(":", 1)
    return parts.struct[0].cast(_NUMBER) * 60 + parts.struct[1].cast(_NUMBER)


def _is(kind: str, *details: str) -> pl.Expr:
    """Return the condition for events of a type, of which the detail contains one of these texts."""
    found = col("type") == kind
    return found & col("detail1").str.contains_any(list(details)) if details else found


def _minutes() -> pl.Expr:
    lengths, detail = col("penaltyLengths").struct, col("detail1").str.to_lowercase()
    found = pl.lit(0)
    for name in ("minor", "major", "misconduct"):
        found = pl.when(detail.str.contains(name, literal=True)).then(lengths.field(name)).otherwise(found)
    return pl.when(_is("Penalty")).then(found).otherwise(0)


_COUNTS = {
    "goals": _is("Goal").sum(),
    "shots": _is("Shot").sum(),
    "shots_on_goal": _is("Shot", "OnNet", "Goal").sum(),
    "penalties": _is("Penalty").sum(),
    "penalty_minutes": col("minutes").sum(),
    "faceoffs_won": _is("Faceoff").sum(),
    "giveaways": _is("Turnover", "Giveaway").sum(),
    "takeaways": _is("Turnover", "Takeaway").sum(),
    "passes": _is("Pass").sum(),
    "passes_completed": _is("Pass", "Completed").sum(),
    "saves": _is("Save").sum(),
}


def _halves(frame: pl.DataFrame, home: str, away: str) -> pl.DataFrame:
    """Return one row per side, with the value of the column of the side."""
    return pl.concat(
        frame.drop(home, away).with_columns(pl.lit(side).alias("side"), frame[name].alias("of_side"))
        for side, name in (("home", home), ("away", away))
    )


def _listed(saves: pl.DataFrame, rosters: Iterable[Path]) -> pl.DataFrame:
    """Return the players of the rosters, with their ids from the exports."""
    files = pl.concat(pl.read_json(file, schema=_ROSTER) for file in rosters)
    named = _halves(files, "homeRoster", "awayRoster").explode("of_side").unnest("of_side")
    named = named.rename({"gid": "game_key", "n": "player_key", "name": "person_name", "pos": "position"})
    known = _halves(saves.select("game_key", "rosters").unnest("rosters"), "home", "away")
    known = known.explode("of_side").unnest("of_side").rename({"num": "player_key", "id": "person_key"})
    return named.with_columns(col("date").str.to_date().alias("played_on")).drop("date").join(known, on=_PLAYER)


def _on_ice(stints: pl.DataFrame) -> pl.DataFrame:
    sides = _halves(stints.select("game_key", "stint_no", "duration", "home", "away"), "home", "away")
    slots = sides.unnest("of_side").unpivot(
        index=["game_key", "stint_no", "duration", "side"], variable_name="slot", value_name="player"
    )
    return slots.unnest("player").rename({"num": "player_key"}).filter(col("player_key").is_not_null())


def _goals(events: pl.DataFrame, stints: pl.DataFrame, on_ice: pl.DataFrame) -> pl.DataFrame:
    """Return the goals with their stints, and the number of players that the side of the goal had more on the ice.

    A stint includes the second in which it ends. The second in which it begins belongs to it when no other one ends
    then.
    """
    goals = events.filter(_is("Goal")).select("game_key", "event_no", "period", "remaining_s", side="team")
    placed = goals.join(stints.select("game_key", "stint_no", "period", "start_s", "end_s"), on=["game_key", "period"])
    is_within = (col("start_s") > col("remaining_s")) & (col("remaining_s") >= col("end_s"))
    placed = placed.filter(is_within | (col("start_s") == col("remaining_s")))
    placed = placed.sort(col("start_s") == col("remaining_s"), "stint_no").unique("event_no", keep="first")
    of_goals = on_ice.join(placed.select("stint_no").unique(), on="stint_no", how="semi")
    strength = of_goals.group_by("stint_no").agg(more=(col("side") == "home").cast(_NUMBER).sum() * 2 - pl.len())
    more = pl.when(col("side") == "home").then(col("more")).otherwise(-col("more"))
    return placed.join(strength, on="stint_no").with_columns(more.alias("more"))


def _marks(took_part: pl.DataFrame) -> pl.DataFrame:
    """Return the lost faceoffs and the assists of each player."""
    lost = (col("type") == "Faceoff") & (col("role") == "opp_player_1")
    marked = took_part.filter(lost | col("playD1").is_in(["AssistPrimary", "AssistSecondary"]))
    return marked.group_by("game_key", side="team", player_key="num").agg(
        faceoffs_lost=lost.sum(),
        first_assists=(col("playD1") == "AssistPrimary").sum(),
        second_assists=(col("playD1") == "AssistSecondary").sum(),
    )


def _ice(on_ice: pl.DataFrame) -> pl.DataFrame:
    return on_ice.group_by(_PLAYER).agg(seconds=col("duration").sum(), stints=pl.len())


def _happened(goals: pl.DataFrame, on_ice: pl.DataFrame) -> pl.DataFrame:
    """Return plus and minus of each skater, and the goals against each goalie."""
    both = goals.select("stint_no", "more", scored="side").join(on_ice, on="stint_no")
    is_own, is_goalie, is_even = col("scored") == col("side"), col("slot") == "G", col("more") <= 0
    return both.group_by(_PLAYER).agg(
        plus=(is_own & ~is_goalie & is_even).sum(),
        minus=(~is_own & ~is_goalie & is_even).sum(),
        goals_against=(~is_own & is_goalie).sum(),
    )


def _teams(players: pl.DataFrame, events: pl.DataFrame, stints: pl.DataFrame, goals: pl.DataFrame) -> pl.DataFrame:
    own = players.group_by(_SIDE).agg(
        *(col(name).sum() for name in (*_COUNTS, "faceoffs_lost")),
        assists=(col("first_assists") + col("second_assists")).sum(),
    )
    other = pl.when(col("side") == "home").then(pl.lit("away")).otherwise(pl.lit("home"))
    against = own.select("game_key", other.alias("side"), goals_against="goals")
    shots = events.group_by(_SIDE).agg(
        shots_blocked=_is("Shot", "Blocked").sum(), shots_missed=_is("Shot", "Missed", "HitPost").sum()
    )
    scored = goals.group_by(_SIDE).agg(
        power_play_goals=(col("more") > 0).sum(), short_handed_goals=(col("more") < 0).sum()
    )
    lines = own.join(against, on=_SIDE).join(
        stints.group_by("game_key").agg(seconds=col("duration").sum()), on="game_key"
    )
    lines = lines.join(shots, on=_SIDE).join(scored, on=_SIDE, how="left")
    return lines.with_columns(pl.selectors.numeric().fill_null(0).cast(_NUMBER))
