"""A competition for tests with several sessions, and a query for its invariants."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from stanchion.contest.replay import replay
from tests.sessions import Db, each_at_once

# Violated invariants as sentences, read in one snapshot.
BROKEN = """
    select format('%s: results %s, ledger %s', e.team_key, r.line, l.line)
    from contest.entrant as e
    left join lateral (
        select concat_ws(' ', sum(points), sum(played), sum(won), sum(score_for), sum(score_against)) as line
        from contest.point_entry as p
        where (p.tenant_id, p.competition_key, p.team_key) = (e.tenant_id, e.competition_key, e.team_key)
            and p.reason <> 'bye'
    ) as l on true
    left join lateral (
        select concat_ws(
            ' ',
            sum(case when own > other then c.points_win when own = other then c.points_draw else c.points_loss end),
            count(*), count(*) filter (where own > other), sum(own), sum(other)
        ) as line
        from contest.fixture as f
        join contest.competition as c using (tenant_id, competition_key),
        lateral (
            values (home_team_key, official_home, official_away), (away_team_key, official_away, official_home)
        ) as side (team_key, own, other)
        where (f.tenant_id, f.competition_key, side.team_key) = (e.tenant_id, e.competition_key, e.team_key)
            and own is not null
    ) as r on true
    where coalesce(nullif(l.line, ''), '0 0') <> coalesce(nullif(r.line, ''), '0 0')
    union all
    select format('%s: version %s, %s events', f.game_key, f.version, count(e.version))
    from contest.fixture as f
    left join core.event as e
        on e.tenant_id = f.tenant_id and e.stream_type = 'contest.fixture' and e.stream_id = f.game_key
    group by f.tenant_id, f.game_key, f.version
    having f.version <> count(e.version) or f.version <> coalesce(max(e.version), 0)
    union all
    select format('%s: %s %s:%s, ledger %s', f.game_key, f.status, f.official_home, f.official_away,
        sum(p.score_for))
    from contest.fixture as f
    left join contest.point_entry as p
        on p.tenant_id = f.tenant_id and p.game_key = f.game_key and p.team_key = f.home_team_key
    where f.competition_key is not null
    group by f.tenant_id, f.game_key, f.status, f.official_home, f.official_away
    having coalesce(sum(p.score_for), -1) <> coalesce(f.official_home, -1) or coalesce(sum(p.played), 0) > 1
"""


def broken_promises(db: Db) -> list[str]:
    return [text for (text,) in db.execute(BROKEN)]


@dataclass
class Cup:
    """A competition in a tenant that contains nothing else."""

    db: Db
    login: str
    slug: str
    tenant: str
    teams: list[str]
    players: list[str]  # the principal of each team
    official: str
    games: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, db: Db, login: str, teams: int, format_: str = "free", **options: Any) -> Cup:
        slug = f"cup-{secrets.token_hex(4)}"
        names = [f"team {number:02}" for number in range(teams)]
        with db.transaction():
            tenant = str(db.execute("select core.create_tenant(%s, %s, 'league')", [slug, slug]).fetchone()[0])
            member = "select core.add_member(%s, %s, %s)"
            people = [f"{name.replace(' ', '')}@example.org" for name in names]
            players = [str(db.execute(member, [email, email, "viewer"]).fetchone()[0]) for email in people]
            official = str(db.execute(member, ["official@example.org", "Official", "editor"]).fetchone()[0])
            db.execute(
                "select contest.create_competition('cup', 'Cup', %s, p_rounds => %s)", [format_, options.get("rounds")]
            )
            for name, player in zip(names, players, strict=True):
                db.execute("select contest.enter_team('cup', %s)", [name])
                db.execute("select contest.enter_player('cup', %s, %s, %s, %s)", [name, name, name, player])
        return cls(db, login, slug, tenant, names, players, official)

    def dsn(self, who: str | None = None, isolation: str = "read committed") -> str:
        """Return the connection string of an application that acts for the tenant and optionally for a principal."""
        options = (
            f"-c app.tenant_id={self.tenant} -c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}"
        )
        return make_conninfo(self.login, options=options + (f" -c app.principal_id={who}" if who else ""))

    @contextmanager
    def acting(self, who: str | None = None) -> Iterator[Db]:
        with psycopg.connect(self.dsn(who), autocommit=True) as conn:
            yield conn

    def add(self, home: int, away: int) -> str:
        with self.acting() as conn:
            game = str(
                conn.execute(
                    "select contest.add_fixture('cup', %s, %s)", [self.teams[home], self.teams[away]]
                ).fetchone()[0]
            )
        self.games.append(game)
        return game

    def draw(self) -> int:
        with self.acting() as conn:
            return int(conn.execute("select contest.draw('cup')").fetchone()[0])

    def play(self, game: str, home: int, away: int) -> None:
        with self.acting() as conn:
            key = secrets.token_hex(8)
            conn.execute("select contest.submit_score(%s, %s, %s, %s)", [game, home, away, key])
            conn.execute("select set_config('app.principal_id', %s, false)", [self.official])
            conn.execute("select contest.confirm_score(%s)", [key])

    def differences(self) -> list[str]:
        """Return the differences between the tables and a replay of the events."""
        return [str(difference) for difference in replay(self.db, self.slug, "cup").differences]


def at_once(calls: Sequence[tuple[str, Callable[[Db], Any]]]) -> list[Any]:
    """Run calls at the same time, each in its own session. Return their results, or the SQLSTATE of an error."""
    return each_at_once([(login, partial(_or_error, call)) for login, call in calls])


def _or_error(call: Callable[[Db], Any], conn: Db) -> Any:
    try:
        return call(conn)
    except psycopg.Error as e:
        return e.sqlstate
