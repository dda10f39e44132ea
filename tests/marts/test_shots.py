"""Places and expected goals of shots: against the invented games, between the marts, and without places."""

import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from stanchion.dev.sample import nhl, nhl_api_web
from stanchion.dev.sample.book import BookGame, Play
from stanchion.dev.sample.files import event_csv
from stanchion.dev.sample.games import Game
from stanchion.dev.sample.shots import BLUE_LINE, KINDS, LAW, Shot, ShotGame, draw_shot, probability
from stanchion.dev.xg import as_csv, attempts_of, deciles, expected, fit, played, read_csv
from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from tests.marts.league import League
from tests.marts.platform import Maker, Platform
from tests.marts.test_book import FORMATS, schedule_of, slug

BOOKS = ("hockeytech", "nhl api-web", "nhl statsapi", "hockey_scraper")
NULL_WITHOUT_PLACES = {
    "fact_player_game": ("xg", "goals_above_expected", "high_danger_shots", "xg_for_on", "xg_against_on"),
    "fact_goalie_game": ("xg_against", "goals_saved_above_expected", "high_danger_shots_against"),
    "fact_team_game": (
        "xg", "xg_against", "goals_above_expected", "high_danger_shots", "high_danger_shots_against", "xg_share",
    ),
    "fact_player_season": ("xg", "goals_above_expected", "high_danger_shots", "xg_for_on", "xg_against_on"),
    "fact_goalie_season": ("xg_against", "goals_saved_above_expected", "high_danger_shots_against"),
    "fact_team_season": (
        "xg", "xg_against", "goals_above_expected", "high_danger_shots", "high_danger_shots_against", "xg_share",
    ),
}  # fmt: skip
Loaded = tuple[Platform, dict[str, list[Any]]]


@pytest.fixture(scope="module")
def loaded(unloaded_platform: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Marts of a league for each format, and of a league with many shots that follow the law exactly."""
    folder = tmp_path_factory.mktemp("shots")
    games: dict[str, list[Any]] = {name: FORMATS[name].games(4) for name in BOOKS}
    games["many"] = [ShotGame(number, 77, 0) for number in range(20)]
    files = {name: FORMATS[name].files(games[name]) for name in BOOKS}
    files["many"] = {
        f"{nhl.game_id(game)}.json": json.dumps(nhl_api_web.play_by_play(game)).encode() for game in games["many"]
    }
    games["events"] = [Game(31, 31, shots=True)]
    files["events"] = {"events.csv": event_csv(games["events"])}
    tracked = League("tracked", [Game(number, number, shots=True) for number in (41, 42)])
    without = League("without", [Game(number, number) for number in (51, 52)])
    games |= {"tracked": tracked.games, "without": without.games}
    leagues = [League(slug(name), []) for name in files]
    with unloaded_platform(folder, *leagues, tracked, without) as platform:
        for name, written in files.items():
            place = folder / slug(name)
            for file, data in written.items():
                (place / file).parent.mkdir(parents=True, exist_ok=True)
                (place / file).write_bytes(data)
            if name != "events":
                key = FORMATS[name].key if name in FORMATS else FORMATS["nhl api-web"].key
                with open_session(platform.server, slug(name)) as session:
                    schedule = schedule_of((key(game), game) for game in games[name])
                    load_schedule(session, "schedule.csv", schedule, lambda done: None)
            result = load(platform.server, slug(name), (str(place),))
            assert not result.outcomes["rejected"], result
        for league in (tracked, without):
            league.schedule(platform.server)
            league.load(platform.server, folder)
        platform.build()
        yield platform, games


def shots_of(platform: Platform, league: str, game_key: str) -> list[dict[str, Any]]:
    return platform.rows(
        "select s.* from marts.fact_shot as s join core.tenant as t using (tenant_id) "
        "where t.slug = %s and s.game_key = %s order by s.event_no",
        slug(league),
        game_key,
    )


def plays_of(game: BookGame) -> list[Play]:
    """Return the attempts of a game: a goal on a penalty shot is one of them."""
    kinds = ("shot", "missed", "blocked", "goal", "penalty_shot")
    return [play for play in game.plays if play.kind in kinds and not (play.kind == "penalty_shot" and play.is_goal)]


def of_play(game: BookGame, play: Play) -> tuple[Any, ...]:
    outcome = {"shot": "saved", "penalty_shot": "saved"}.get(play.kind, play.kind)
    shooter = play.people.get("shooter") or play.people["scorer"]
    left = game.period_seconds(play.period) - play.elapsed
    return play.period, left, play.side, str(shooter.id), outcome


@pytest.mark.slow
@pytest.mark.parametrize("name", BOOKS)
def test_places_are_seen_from_the_shooting_team(loaded: Loaded, name: str) -> None:
    platform, games = loaded
    lacks_missed = name == "hockeytech"
    placed = 0
    for game in games[name]:
        wanted = Counter(
            (*of_play(game, play), play.x, play.y)
            for play in plays_of(game)
            if not (lacks_missed and play.kind == "missed") and not play.is_penalty_shot and play.kind != "penalty_shot"
        )
        rows = shots_of(platform, name, FORMATS[name].key(game))
        found = Counter(
            (
                row["period"], int(row["remaining_s"]), row["side"], row["person_key"], row["outcome"],
                round(row["x"]), round(row["y"]),
            )
            for row in rows
            if row["x"] is not None and not row["is_penalty_shot"]
        )  # fmt: skip
        if name == "nhl api-web":  # one blocked shot is written twice
            found = Counter(dict.fromkeys(found, 1))
            wanted = Counter(dict.fromkeys(wanted, 1))
        assert not found - wanted, (game.number, (found - wanted).most_common(3))
        assert found.total() > 0.9 * wanted.total()
        placed += found.total()
    assert placed > 150


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tracked", "events"])
def test_places_of_trackers_are_seen_from_the_shooting_team(loaded: Loaded, name: str) -> None:
    platform, games = loaded
    rows = platform.rows(
        "select s.* from marts.fact_shot as s join core.tenant as t using (tenant_id) where t.slug = %s", name
    )
    found = Counter((row["period"], int(row["remaining_s"]), row["side"], row["x"], row["y"]) for row in rows)
    wanted: Counter[Any] = Counter()
    for game in games[name]:
        for event in game.events:
            if event["type"] == "Shot":
                minutes, seconds = event["start_time"].split(":")
                ahead, (point,) = game.attacks(event["team"], event["period"]), event["puckXY"]
                at = event["period"], int(minutes) * 60 + int(seconds), event["team"]
                wanted[(*at, Decimal(ahead * point["x"]), Decimal(ahead * point["y"]))] += 1
    assert found == wanted
    assert all(row["xg"] is not None for row in rows if row["outcome"] != "blocked")


@pytest.mark.slow
def test_terms_of_a_shot_equal_those_of_the_game(loaded: Loaded) -> None:
    """Compares distance, angle, type, strength, rebound, rush, empty net and penalty shot of each attempt."""
    platform, games = loaded
    compared: Counter[str] = Counter()
    for game in games["many"][:4]:
        wanted = Counter(
            (outcome, shot.x, shot.y, _kind(shot, outcome), *_flags(shot)) for shot, outcome in game.shots()
        )
        rows = [row for row in shots_of(platform, "many", str(nhl.game_id(game))) if row["x"] is not None]
        found = Counter(
            (
                {"saved": "shot"}.get(row["outcome"], row["outcome"]), row["x"], row["y"], row["shot_type"],
                row["strength"], row["is_rebound"], row["is_rush"], row["is_empty_net"], row["is_penalty_shot"],
            )
            for row in rows
        )  # fmt: skip
        for row in rows:
            shot = Shot(float(row["x"]), float(row["y"]))
            assert abs(float(row["distance"]) - shot.distance) < 0.01
            assert abs(float(row["angle"]) - shot.angle) < 0.01
        compared["shots"] += (found & wanted).total()
        compared["others"] += (found - wanted).total()
        for column in ("is_rebound", "is_rush", "is_empty_net", "is_penalty_shot"):
            compared[column] += sum(bool(row[column]) for row in rows)
    assert compared["others"] == 4, compared  # one blocked shot of each game is written twice
    assert all(compared.values())


def _kind(shot: Shot, outcome: str) -> str | None:
    """Return the type that the marts have; this source records it neither of blocked shots nor of penalty shots."""
    return None if outcome == "blocked" or shot.is_penalty_shot else KINDS.get(shot.kind, "wrist")


def _flags(shot: Shot) -> tuple[Any, ...]:
    return shot.strength, shot.is_rebound, shot.is_rush, shot.is_empty_net, shot.is_penalty_shot


@pytest.mark.slow
def test_each_tenth_of_the_attempts_scores_as_expected(loaded: Loaded) -> None:
    """The marts' expected goals of games whose goals follow the law: at most 2 goals of 100 attempts off in a tenth."""
    platform, _ = loaded
    rows = platform.rows(
        "select s.xg, s.is_goal from marts.fact_shot as s join core.tenant as t using (tenant_id) "
        "where t.slug = 'many' and s.xg is not null"
    )
    found = deciles((float(row["xg"]), row["is_goal"]) for row in rows)
    assert len(rows) > 15_000
    assert max(abs(of.difference) for of in found) < 0.02, found
    assert found[-1].goals / found[-1].attempts > 5 * max(1, found[0].goals) / found[0].attempts


@pytest.mark.slow
def test_goals_above_expected_are_goals_less_expected_goals(loaded: Loaded) -> None:
    platform, _ = loaded
    for mart, goals, less, above in (
        ("fact_player_game", "goals", "xg", "goals_above_expected"),
        ("fact_team_game", "goals", "xg", "goals_above_expected"),
        ("fact_goalie_game", "xg_against", "goals_against", "goals_saved_above_expected"),
        ("fact_player_season", "goals", "xg", "goals_above_expected"),
        ("fact_team_season", "goals", "xg", "goals_above_expected"),
        ("fact_goalie_season", "xg_against", "goals_against", "goals_saved_above_expected"),
    ):
        (row,) = platform.rows(
            f"select count(*) as known, count(*) filter (where {above} is distinct from {goals} - {less}) as wrong "
            f"from marts.{mart} where {above} is not null"
        )
        assert row["known"] > 10, mart
        assert row["wrong"] == 0, mart


@pytest.mark.slow
def test_marts_agree_on_expected_goals(loaded: Loaded) -> None:
    """Attempts, players, goalies and teams of each game, and games and seasons, have the same sums."""
    platform, _ = loaded
    wrong = platform.rows(
        """
        select t.slug, g.game_key, g.side, g.xg, g.xg_against, shots.*, players.xg as players, goalies.xg as goalies
        from marts.fact_team_game as g
        join core.tenant as t using (tenant_id)
        cross join lateral (
            select
                coalesce(sum(s.xg) filter (where s.side = g.side), 0) as own,
                coalesce(sum(s.xg) filter (where s.side = g.side and s.player_key is null), 0) as of_nobody,
                coalesce(sum(s.xg) filter (where s.side <> g.side), 0) as other,
                coalesce(sum(s.xg) filter (where s.side <> g.side and s.goalie_key is null), 0) as at_nobody,
                count(*) filter (where s.side = g.side and s.is_high_danger) as high
            from marts.fact_shot as s
            where s.tenant_id = g.tenant_id and s.game_key = g.game_key
        ) as shots
        cross join lateral (
            select sum(p.xg) as xg, sum(p.high_danger_shots) as high
            from marts.fact_player_game as p
            where p.tenant_id = g.tenant_id and p.game_key = g.game_key and p.side = g.side
        ) as players
        cross join lateral (
            select sum(p.xg_against) as xg
            from marts.fact_goalie_game as p
            where p.tenant_id = g.tenant_id and p.game_key = g.game_key and p.side = g.side
        ) as goalies
        where
            g.xg is not null
            and (
                g.xg <> shots.own or players.xg <> shots.own - shots.of_nobody
                or g.xg_against <> shots.other or goalies.xg <> shots.other - shots.at_nobody
                or g.high_danger_shots <> shots.high
            )
        """
    )
    assert wrong == []
    for who, game, season, column in (
        ("person_key", "fact_player_game", "fact_player_season", "xg"),
        ("person_key", "fact_goalie_game", "fact_goalie_season", "xg_against"),
        ("team_key", "fact_team_game", "fact_team_season", "xg"),
    ):
        left_out = " and has_played and not is_goalie" if game == "fact_player_game" else ""
        rows = platform.rows(
            f"select s.{who}, s.{column}, sum(g.{column}) as games from marts.{season} as s "
            f"join marts.{game} as g on g.tenant_id = s.tenant_id and g.season_key = s.season_key "
            f"and g.{who} = s.{who} and g.is_counted{left_out} where s.game_type = 'All' "
            f"group by s.tenant_id, s.season_key, s.{who}, s.{column}"
        )
        assert len(rows) > 5, season
        assert [row for row in rows if row[column] != row["games"]] == []


@pytest.mark.slow
@pytest.mark.parametrize("mart", NULL_WITHOUT_PLACES)
def test_columns_are_null_without_places(loaded: Loaded, mart: str) -> None:
    platform, _ = loaded
    columns = NULL_WITHOUT_PLACES[mart]
    counted = ", ".join(f"count({column}) as {column}" for column in columns)
    rows = platform.rows(
        f"select t.slug, count(*) as n, {counted} from marts.{mart} join core.tenant as t using (tenant_id) group by 1"
    )
    found = {row["slug"]: row for row in rows}
    assert found["without"]["n"] > 1
    assert [found["without"][column] for column in columns] == [0] * len(columns)
    assert all(found["tracked"][column] for column in columns)


@pytest.mark.slow
def test_attempts_without_places_have_no_expected_goals(loaded: Loaded) -> None:
    platform, _ = loaded
    rows = platform.rows(
        "select s.* from marts.fact_shot as s join core.tenant as t using (tenant_id) where t.slug = 'without'"
    )
    assert len(rows) > 50
    for row in rows:
        assert {row[column] for column in ("x", "y", "distance", "angle", "xg", "is_high_danger")} == {None}
    placeless = platform.rows(
        "select distinct s.xg from marts.fact_shot as s join core.tenant as t using (tenant_id) "
        "where t.slug = 'many' and s.x is null and s.outcome <> 'blocked'"
    )
    mean = 1 / (1 + math.exp(-read_csv()["no_place"]))
    assert [row["xg"] for row in placeless] == [Decimal(f"{mean:.4f}")]


def test_law_is_recovered_from_its_shots() -> None:
    """Each fitted coefficient is at most 4 standard errors off; a shifted law is farther off."""
    fitted = fit(played(4, seed=5))
    off = {name: abs(fitted.coefficients[name] - value) / fitted.errors[name] for name, value in LAW.items()}
    assert max(off.values()) < 4, off
    shifted = LAW["distance"] - 0.02
    assert abs(fitted.coefficients["distance"] - shifted) / fitted.errors["distance"] > 4


@pytest.mark.slow
def test_model_is_fitted_on_the_attempts_of_a_tenant(loaded: Loaded) -> None:
    """The attempts of the marts are those of the games, so the fits are equal, except for plays without a place."""
    platform, games = loaded
    of_marts = list(attempts_of(platform.conn, "many"))
    of_games = [pair for game in games["many"] for pair in game.shots()]
    assert 0.94 < len(of_marts) / len(of_games) < 1
    fitted, known = fit(of_marts), fit(of_games)
    off = {name: abs(fitted.coefficients[name] - known.coefficients[name]) / known.errors[name] for name in LAW}
    assert max(off.values()) < 1.5, off


def test_term_that_no_shot_has_is_zero() -> None:
    shots = [(shot, outcome) for shot, outcome in played(1, seed=8) if not shot.is_penalty_shot]
    fitted = fit(shots)
    assert (fitted.coefficients["penalty_shot"], "penalty_shot" in fitted.errors) == (0, False)
    with pytest.raises(StanchionError, match="no goal or no save"):
        fit([(shot, outcome) for shot, outcome in shots if outcome != "goal"])


def test_calibration_shows_a_model_with_twice_the_distance() -> None:
    shots = [(shot, outcome == "goal") for shot, outcome in played(4, seed=6) if outcome != "blocked"]
    right = deciles((expected(shot, LAW), goal) for shot, goal in shots)
    steep = LAW | {"distance": 2 * LAW["distance"], "intercept": 0.4}
    wrong = deciles((expected(shot, steep), goal) for shot, goal in shots)
    assert max(abs(of.difference) for of in right) < 0.04
    assert max(abs(of.difference) for of in wrong) > 0.1


def test_places_fit_outcomes_that_were_given() -> None:
    """Goals of a game come before their places; among all shots the law holds nevertheless."""
    rng = random.Random(3)
    shots = []
    for _ in range(6_000):
        shot = draw_shot(rng, None)
        is_goal = rng.random() < probability(shot)
        shots.append((draw_shot(rng, is_goal), is_goal))
    found = deciles((probability(shot), goal) for shot, goal in shots)
    assert max(abs(of.difference) for of in found) < 0.04, found


def test_sample_shots_are_seen_from_both_ends() -> None:
    game = Game(3, shots=True)
    ends = {
        (event["team"], event["period"], event["puckXY"][0]["x"] > BLUE_LINE)
        for event in game.events
        if event["type"] == "Shot" and abs(event["puckXY"][0]["x"]) > BLUE_LINE and event["zone"] == "o"
    }
    assert ends == {(side, period, game.attacks(side, period) > 0) for side in ("home", "away") for period in (1, 2, 3)}


@pytest.mark.exhaustive
@pytest.mark.slow
def test_seed_is_that_of_the_fit() -> None:
    written = read_csv()
    fitted = fit(played()).coefficients
    assert {name: round(value, 5) for name, value in fitted.items()} == written
    assert as_csv(fit(played())).startswith("term,coefficient,standard_error\n")
