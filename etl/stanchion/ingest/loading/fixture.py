"""The columns of contest.fixture and contest.game_quality, as functions of the published revision and the schedule."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from stanchion.ingest.loading import quality
from stanchion.ingest.loading.keys import name_key
from stanchion.ingest.loading.quality import Score
from stanchion.ingest.reading.model import Game
from stanchion.server.connection import Connection


@dataclass(frozen=True)
class Scheduled:
    """A row of the schedule, or a fixture of a competition: the competition sets its teams, date and score."""

    schedule_key: str
    played_on: date
    home_team_key: str
    away_team_key: str
    season_key: str | None
    game_type: str | None
    official_home: int | None
    official_away: int | None
    official_by_period: Score | None
    played_on_source: str
    is_of_competition: bool


@dataclass(frozen=True)
class Tracked:
    """The part of a fixture that comes from its published revision."""

    content_hash: bytes
    home_team_key: str
    away_team_key: str
    period_seconds: dict[str, int]
    penalty_minutes: dict[str, int]
    home_attacks_right_p1: bool | None
    is_tracked_to_end: bool
    lacks: list[str]
    score: Score
    coverage: Decimal | None
    flags: dict[str, int]

    @classmethod
    def of(cls, game: Game, periods: int) -> "Tracked":
        return cls(
            content_hash=game.content_hash,
            home_team_key=name_key(game.home_team),
            away_team_key=name_key(game.away_team),
            period_seconds=game.period_seconds,
            penalty_minutes=game.penalty_minutes,
            home_attacks_right_p1=game.home_attacks_right_p1,
            is_tracked_to_end=quality.is_over(game, periods),
            lacks=list(game.lacks),
            score=quality.tracked_score(game),
            coverage=quality.coverage(game),
            flags=game.flags,
        )


@dataclass(frozen=True)
class Dates:
    """The dates that the revisions of a game contain: from a roster, from --played-on, and of the first export."""

    roster: date | None  # of the latest revision that contains one
    given: date | None  # of the latest revision loaded with --played-on
    export: date | None  # by the clock of the league, because a late game in Vancouver ends on the next UTC date

    @classmethod
    def of(cls, revisions: Iterable[Any], ahead_of_utc: timedelta) -> "Dates":
        """Collect the dates from rows of landing.revision, which must be in the order of their exports."""
        chain = list(revisions)
        exported: list[datetime] = [at for each in chain if (at := each.first_exported_at or each.exported_at)]
        return cls(
            roster=next((each.game_date for each in reversed(chain) if each.game_date), None),
            given=next((each.given_on for each in reversed(chain) if each.given_on), None),
            export=_league_date(min(exported), ahead_of_utc) if exported else None,
        )

    def day(self) -> tuple[date | None, str]:
        """Return the date of the game when no schedule has it, and the source of the date."""
        if self.roster:
            return self.roster, "roster"
        if self.given:
            return self.given, "given"
        return self.export, "export"


def _league_date(moment: datetime, ahead_of_utc: timedelta) -> date:
    try:
        return (moment + ahead_of_utc).date()
    except OverflowError:  # the first or last date of Python; no game is played on those
        return moment.date()


def describe(
    teams: tuple[str, str],
    day: date,
    day_source: str,
    scheduled: Scheduled | None,
    tracked: Tracked | None,
    is_withdrawn: bool,
) -> dict[str, Any]:
    """Return the columns of the fixture."""
    home, away = (scheduled.home_team_key, scheduled.away_team_key) if scheduled else teams
    official = scheduled is not None and scheduled.official_home is not None
    of_competition = scheduled is not None and scheduled.is_of_competition
    if official or (tracked and tracked.is_tracked_to_end and not of_competition):
        status = "final"
    elif tracked:
        status = "live"
    else:
        status = "void" if is_withdrawn and not of_competition else "scheduled"
    return {
        "season_key": scheduled.season_key if scheduled else None,
        "game_type": scheduled.game_type if scheduled else None,
        "home_team_key": home,
        "away_team_key": away,
        "played_on": scheduled.played_on if scheduled else day,
        "played_on_source": scheduled.played_on_source if scheduled else day_source,
        "status": status,
        "official_home": scheduled.official_home if scheduled else None,
        "official_away": scheduled.official_away if scheduled else None,
        "official_by_period": scheduled.official_by_period if scheduled else None,
        "tracked_home_team_key": tracked.home_team_key if tracked else None,
        "tracked_away_team_key": tracked.away_team_key if tracked else None,
        "is_swapped": bool(tracked and home != away and (tracked.away_team_key, tracked.home_team_key) == (home, away)),
        "period_seconds": tracked.period_seconds if tracked else None,
        "penalty_minutes": tracked.penalty_minutes if tracked else None,
        "home_attacks_right_p1": tracked.home_attacks_right_p1 if tracked else None,
        "is_tracked_to_end": tracked.is_tracked_to_end if tracked else None,
        "lacks": tracked.lacks if tracked else None,
        "content_hash": tracked.content_hash if tracked else None,
        "is_scored": True,
    }


def score_quality(fixture: dict[str, Any], tracked: Tracked) -> dict[str, Any]:
    """Return the columns of game_quality, with the tracked score compared to the official score team by team."""
    flags = dict(tracked.flags)
    if fixture["played_on_source"] == "export":
        flags["day_from_export"] = 1
    agrees = None
    by_team = quality.mirrored(tracked.score) if fixture["is_swapped"] else tracked.score
    if fixture["is_swapped"]:
        flags["home_away_swapped"] = 1
    elif (fixture["home_team_key"], fixture["away_team_key"]) != (tracked.home_team_key, tracked.away_team_key):
        flags["teams_differ"] = 1
    if fixture["official_home"] is not None:
        official = (fixture["official_home"], fixture["official_away"])
        found = quality.compare(by_team, official, fixture["official_by_period"], tracked.lacks or ())
        agrees = "score_differs" not in found
        flags |= found
    return {
        "tracked_home": quality.total(tracked.score, "home"),
        "tracked_away": quality.total(tracked.score, "away"),
        "tracked_by_period": tracked.score,
        "coverage": tracked.coverage,
        "flags": dict(sorted(flags.items())),
        "agrees": agrees,
        "content_hash": tracked.content_hash,
    }


def stored_tracked(fixture: dict[str, Any], stored_quality: dict[str, Any]) -> Tracked:
    """Rebuild the tracked part from the database, so that the archived export need not be read again."""
    return Tracked(
        content_hash=fixture["content_hash"],
        home_team_key=fixture["tracked_home_team_key"],
        away_team_key=fixture["tracked_away_team_key"],
        period_seconds=fixture["period_seconds"],
        penalty_minutes=fixture["penalty_minutes"],
        home_attacks_right_p1=fixture["home_attacks_right_p1"],
        is_tracked_to_end=fixture["is_tracked_to_end"],
        lacks=fixture["lacks"],
        score=stored_quality["tracked_by_period"],
        coverage=stored_quality["coverage"],
        flags=quality.reader_flags(stored_quality["flags"]),
    )


def write_fixture(conn: Connection, game_key: str, load_id: int, row: dict[str, Any]) -> None:
    """Insert or update the fixture of a game through contest.put_fixture."""
    plain = {name: f"\\x{value.hex()}" if isinstance(value, bytes) else value for name, value in row.items()}
    conn.execute("select contest.put_fixture(%s, %s, %s)", [game_key, load_id, Jsonb(plain, dumps=_dumps)])


def _dumps(row: dict[str, Any]) -> str:
    return json.dumps(row, default=str)
