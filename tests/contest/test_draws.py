"""Draws are correct for any number of teams. The tests call the drawing functions directly."""

from collections import Counter
from collections.abc import Callable
from itertools import combinations

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contest.live import Cup
from tests.sessions import Db

QUICK = settings(
    max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
)


def names(count: int) -> list[str]:
    return [f"t{number:02}" for number in range(count)]


def test_bracket_has_one_final_between_the_top_seeds(deployed_db: Db) -> None:
    for count in range(2, 34):
        teams = names(count)
        rows = deployed_db.execute("select * from contest.bracket(%s) order by round, slot", [teams]).fetchall()
        rounds = max(row[0] for row in rows)
        assert 2 ** (rounds - 1) < count <= 2**rounds
        assert [row[1] for row in rows if row[0] == rounds] == [1]
        byes = [row[2] for row in rows if row[4]]
        assert byes == sorted(byes, key=teams.index) or set(byes) == set(teams[: len(byes)])
        assert len(byes) == 2**rounds - count
        # every match has one loser, and all teams but one lose
        assert len([row for row in rows if not row[4]]) == count - 1
        # if the better seed always wins, the last teams are the top seeds
        standing: dict[tuple[int, int], str] = {}
        for round_, slot, home, away, is_bye in rows:
            home = home or standing.get((round_ - 1, 2 * slot - 1))
            away = away or (None if is_bye else standing.get((round_ - 1, 2 * slot)))
            assert home
            assert away or is_bye
            standing[round_, slot] = min(home, away or home)
            if round_ == rounds:
                assert {home, away} == set(teams[:2])
            elif round_ == rounds - 1:
                assert set(teams[:4]) >= {min(home, away or home)}


def test_round_robin_pairs_each_two_teams_once(deployed_db: Db) -> None:
    for count in range(2, 21):
        teams = names(count)
        rows = deployed_db.execute("select round, slot, home, away from contest.round_robin(%s)", [teams]).fetchall()
        assert Counter(frozenset(row[2:]) for row in rows) == Counter(map(frozenset, combinations(teams, 2)))
        playing = Counter((row[0], team) for row in rows for team in row[2:])
        assert set(playing.values()) == {1}
        assert {row[0] for row in rows} == set(range(1, count + count % 2))
        assert len({row[:2] for row in rows}) == len(rows)
        home = Counter(row[2] for row in rows)
        assert max(home[team] for team in teams) - min(home[team] for team in teams) <= 2


@QUICK
@given(st.data())
def test_swiss_round_pairs_all_teams_without_rematch(deployed_db: Db, data: st.DataObject) -> None:
    count = data.draw(st.integers(4, 12), label="teams")
    teams, met, byes = names(count), [], []
    for _ in range(count // 2):  # a round without a rematch certainly exists
        order = data.draw(st.permutations(teams), label="standing")
        flat = [team for pair in met for team in pair]
        statement = "select home, away, is_bye from contest.swiss_round(%s, %s, %s)"
        rows = deployed_db.execute(statement, [order, flat, byes]).fetchall()
        assert sorted(team for row in rows for team in row[:2] if team) == teams
        assert not {frozenset(row[:2]) for row in rows} & {frozenset(pair) for pair in met}
        byes += [row[0] for row in rows if row[2]]
        assert len(byes) == len(set(byes))
        met += [row[:2] for row in rows if not row[2]]


def test_swiss_tournament_of_64_teams_is_drawn_in_time(deployed_db: Db) -> None:
    """The search for pairs backtracks; the number of attempts must stay small."""
    teams, met = names(64), []
    deployed_db.execute("set statement_timeout = '60s'")
    try:
        for round_ in range(12):
            order = teams[round_ % 7 :: 2] + teams[: round_ % 7] + teams[round_ % 7 + 1 :: 2]
            order = list(dict.fromkeys(order))
            flat = [team for pair in met for team in pair]
            rows = deployed_db.execute(
                "select home, away from contest.swiss_round(%s, %s, '{}')", [order, flat]
            ).fetchall()
            assert len(rows) == 32
            met += rows
    finally:
        deployed_db.execute("reset statement_timeout")


def test_swiss_draw_refuses_a_rematch(make_cup: Callable[..., Cup]) -> None:
    cup = make_cup(2, "swiss", rounds=2)
    cup.draw()
    cup.play("cup/1/1", 1, 0)
    with cup.acting() as conn:
        try:
            conn.execute("select contest.draw('cup')")
        except psycopg.errors.ObjectNotInPrerequisiteState as e:
            assert "without a repeated pair" in str(e)
        else:
            raise AssertionError("two teams cannot meet twice")
