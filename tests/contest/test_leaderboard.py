"""During concurrent decisions, standings equal the ledger in every snapshot, and versions have no gap or duplicate."""

import random
import threading
from collections import Counter
from collections.abc import Callable

import psycopg
import pytest

from stanchion.dev.bench.live import broken_streams
from stanchion.paths import query
from tests.contest.live import Cup, Db, at_once, broken_promises

SUMS = query("dev/bench", "live_sums")
# pending submissions first, then confirmed ones
KNOWN = """
    select submission_key, state from contest.score_submission where game_key = %s
    order by state = 'pending' desc, state limit 1
"""


@pytest.mark.long
def test_standings_equal_the_ledger_in_every_snapshot(make_cup: Callable[..., Cup]) -> None:
    """Sixteen clients submit, dispute, confirm and amend scores while one reads."""
    cup = make_cup(8)
    games = [cup.add(n % 8, (n + 1 + n // 8) % 8) for n in range(24)]
    over, seen = threading.Event(), []

    def read() -> None:
        with cup.acting() as conn:
            while not over.is_set():
                with conn.transaction():
                    seen.append(conn.execute(SUMS).fetchone()[0])

    def decide(conn: Db, number: int) -> Counter[str]:
        dice, done = random.Random(number), Counter()
        for turn in range(25):
            game, key = dice.choice(games), f"{number} {turn}"
            conn.execute("select set_config('app.principal_id', %s, false)", [cup.official if turn % 2 else ""])
            pending = (
                "select submission_key, state from contest.score_submission where game_key = %s order by state desc"
            )
            with conn.transaction():
                known = conn.execute(pending, [game]).fetchone()
            try:
                if known is None or known[1] == "disputed":
                    conn.execute("select contest.submit_score(%s, %s, 1, %s)", [game, dice.randint(0, 4), key])
                elif known[1] == "pending":
                    conn.execute(
                        "select contest.dispute_score(%s, 'no')"
                        if dice.random() < 0.2
                        else "select contest.confirm_score(%s)",
                        [known[0]],
                    )
                else:
                    conn.execute("select contest.amend_result(%s, %s, 2, 'so')", [game, dice.randint(0, 4)])
            except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.InsufficientPrivilege):
                continue
            done["done"] += 1
        return done

    reader = threading.Thread(target=read)
    reader.start()
    try:
        answers = at_once([(cup.dsn(), lambda conn, n=n: decide(conn, n)) for n in range(16)])
    finally:
        over.set()
        reader.join()
    assert sum(answers, Counter())["done"] > 200
    assert len(seen) > 5
    assert set(seen) == {0}
    assert broken_streams(cup.db) == 0
    assert broken_promises(cup.db) == []
    assert cup.differences() == []
