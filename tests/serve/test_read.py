"""Reads in the grammar of PostgREST, compared with SQL of the same meaning."""

import csv
import io
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.serve.conftest import Stats
from tests.serve.web import problem

GAMES = "fact_team_game"


def sql(stats: Stats, statement: str, slug: str = "ours") -> list[Any]:
    """Return the rows of a statement about one tenant, as JSON has them."""
    rows = stats.platform.rows(
        f"select to_json(x) as row from ({statement}) as x", *([stats.ids[slug]] if "%s" in statement else [])
    )
    return [row["row"] for row in rows]


# The query string, and the condition in SQL that means the same.
CONDITIONS = {
    "score_for=eq.2": "score_for = 2",
    "score_for=neq.2": "score_for <> 2",
    "score_for=gt.2": "score_for > 2",
    "score_for=gte.2": "score_for >= 2",
    "score_for=lt.2": "score_for < 2",
    "score_for=lte.2": "score_for <= 2",
    "score_for=not.eq.2": "not score_for = 2",
    "score_for=in.(1,2,3)": "score_for in (1, 2, 3)",
    "score_for=not.in.(1,2)": "score_for not in (1, 2)",
    "score_for=in.()": "false",
    "score_for=eq(any).{1,2}": "score_for in (1, 2)",
    "score_for=gt(all).{0,1}": "score_for > 1",
    "team_key=like.*a*": "team_key like '%%a%%'",
    "team_key=ilike.*A*": "team_key ilike '%%A%%'",
    "team_key=like(any).{a*,b*}": "team_key like 'a%%' or team_key like 'b%%'",
    "team_key=match.^[a-k]": "team_key ~ '^[a-k]'",
    "team_key=imatch.^[A-K]": "team_key ~* '^[A-K]'",
    "game_key=is.null": "game_key is null",
    "game_key=is.not_null": "game_key is not null",
    "game_key=not.is.null": "game_key is not null",
    "score_for=isdistinct.2": "score_for is distinct from 2",
    "score_for=gt.1&score_against=lt.3": "score_for > 1 and score_against < 3",
    "score_for=gt.1&score_for=lt.4": "score_for > 1 and score_for < 4",
    "or=(score_for.eq.1,score_against.eq.1)": "score_for = 1 or score_against = 1",
    "not.or=(score_for.eq.1,score_against.eq.1)": "not (score_for = 1 or score_against = 1)",
    "and=(score_for.gt.0,or(score_for.eq.1,not.and(score_for.eq.2,score_against.in.(1,2))))": (
        "score_for > 0 and (score_for = 1 or not (score_for = 2 and score_against in (1, 2)))"
    ),
    'or=(team_key.eq."a,b)",team_key.not.like.a*)': "team_key = 'a,b)' or team_key not like 'a%%'",
    "team_key=fts(simple).a": "to_tsvector('simple', team_key) @@ to_tsquery('simple', 'a')",
    "team_key=plfts.a b": "to_tsvector(team_key) @@ plainto_tsquery('a b')",
    "played_on=gte.2020-01-01": "played_on >= '2020-01-01'",
}


@pytest.fixture(scope="module")
def columns(stats: Stats) -> list[str]:
    return sorted(stats.rows(f"/{GAMES}?limit=1")[0])


def test_each_operator_has_its_meaning(stats: Stats) -> None:
    sizes = set()
    for text, condition in CONDITIONS.items():
        found = stats.rows(f"/{GAMES}?select=game_key,team_key&order=game_key,team_key&{quote(text, '=&')}")
        expected = sql(
            stats,
            f"select game_key, team_key from marts.{GAMES} where tenant_id = %s and ({condition}) order by 1, 2",
        )
        assert found == expected, text
        sizes.add(len(found))
    assert len(sizes) > 4, "conditions that are always true or false would prove nothing"


def test_a_tenant_reads_its_rows_only(stats: Stats) -> None:
    for slug in ("ours", "theirs"):
        found = stats.rows(f"/{GAMES}?select=tenant_id", slug)
        assert {row["tenant_id"] for row in found} == {stats.ids[slug]}
        other = stats.ids["theirs" if slug == "ours" else "ours"]
        for attack in (
            f"tenant_id=eq.{other}",
            f"or=(tenant_id.eq.{other},tenant_id.is.null)",
            f"select=*,dim_team!inner(*)&dim_team.tenant_id=eq.{other}",
        ):
            answer = stats.get(f"/{GAMES}?{attack}", slug)
            assert answer.status_code in (200, 300), answer.text
            assert other not in answer.text or answer.status_code == 300


def test_columns_have_labels_and_types(stats: Stats) -> None:
    found = stats.rows(f"/{GAMES}?select=game:game_key,score_for::text,day:played_on::text&limit=1&order=game_key")
    assert sorted(found[0]) == ["day", "game", "score_for"]
    assert isinstance(found[0]["score_for"], str)
    assert problem(stats.get(f"/{GAMES}?select=score_for::regclass")) == (400, "a column cannot be cast to regclass")
    assert problem(stats.get(f"/{GAMES}?select=score_for::text;"))[0] == 400


def test_rows_are_ordered_and_limited(stats: Stats) -> None:
    found = stats.rows(
        f"/{GAMES}?select=score_for,game_key,team_key&order=score_for.desc.nullslast,game_key,team_key.asc"
    )
    assert found == sorted(found, key=lambda row: (-row["score_for"], row["game_key"], row["team_key"]))
    page = stats.get(
        f"/{GAMES}?select=score_for,game_key,team_key&order=score_for.desc.nullslast,game_key,team_key&limit=3&offset=2"
    )
    assert (page.json(), page.headers["content-range"], page.status_code) == (found[2:5], "2-4/*", 200)
    window = stats.get(
        f"/{GAMES}?select=score_for,game_key,team_key&order=score_for.desc.nullslast,game_key,team_key",
        Range="2-4", Range_Unit="items", Prefer="count=exact",
    )  # fmt: skip
    assert (window.json(), window.status_code) == (found[2:5], 206)
    assert window.headers["content-range"] == f"2-4/{len(found)}"


def test_rows_are_counted(stats: Stats) -> None:
    total = len(stats.rows(f"/{GAMES}?select=game_key"))
    for count in ("exact", "planned", "estimated"):
        answer = stats.get(f"/{GAMES}?limit=2", Prefer=f"count={count}")
        assert (answer.headers["content-range"], answer.status_code) == (f"0-1/{total}", 206)
    none = stats.get(f"/{GAMES}?game_key=eq.nothing", Prefer="count=exact")
    assert (none.json(), none.headers["content-range"], none.status_code) == ([], "*/0", 200)
    beyond = stats.get(f"/{GAMES}?offset=100000", Prefer="count=exact")
    assert problem(beyond) == (416, f"the first row is 100000, but there are {total}")
    head = stats.web.client.head(
        f"/{GAMES}", headers={"Authorization": f"Bearer {stats.token()}", "Prefer": "count=exact"}
    )
    assert (head.content, head.headers["content-range"]) == (b"", f"0-{total - 1}/{total}")


def test_a_row_is_an_object(stats: Stats) -> None:
    media = "application/vnd.pgrst.object+json"
    one = stats.get("/dim_team?order=team_key&limit=1", Accept=media)
    assert (one.json()["tenant_id"], one.headers["content-type"].partition(";")[0]) == (stats.ids["ours"], media)
    for query, count in (("team_key=eq.nothing", 0), ("limit=2", 2)):
        answer = stats.get(f"/dim_team?{query}", Accept=media)
        assert problem(answer) == (406, "the answer is not one row")
        assert answer.json()["details"] == f"The result contains {count} rows"
    assert problem(stats.get("/dim_team", Accept="image/png"))[0] == 406


def test_csv_has_the_same_rows(stats: Stats) -> None:
    query = f"/{GAMES}?select=game_key,team_key,score_for&order=game_key,team_key"
    answer = stats.get(query, Accept="text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    read = list(csv.DictReader(io.StringIO(answer.text)))
    assert read == [{name: str(value) for name, value in row.items()} for row in stats.rows(query)]


def test_relations_are_embedded_by_their_keys(stats: Stats) -> None:
    found = stats.rows(
        f"/{GAMES}?select=game_key,team:dim_team!team_key(team_name),other:dim_team!opponent_team_key(team_name)"
        "&order=game_key,team_key"
    )
    teams = (
        "left join marts.dim_team as t on (t.tenant_id, t.team_key) = (f.tenant_id, f.team_key) "
        "left join marts.dim_team as o on (o.tenant_id, o.team_key) = (f.tenant_id, f.opponent_team_key) "
    )
    expected = sql(
        stats,
        "select f.game_key, json_build_object('team_name', t.team_name) as team, "
        f"json_build_object('team_name', o.team_name) as other from marts.{GAMES} as f {teams}"
        "where f.tenant_id = %s order by f.game_key, f.team_key",
    )
    assert found == expected
    ambiguous = stats.get(f"/{GAMES}?select=*,dim_team(*)")
    assert problem(ambiguous)[0] == 300
    assert "dim_team!fact_team_game_opponent_team_key_fkey" in ambiguous.text
    assert problem(stats.get(f"/{GAMES}?select=*,tracked(*)")) == (
        400, f"no foreign key connects marts.{GAMES} and tracked",
    )  # fmt: skip


def test_embedded_rows_have_their_own_conditions(stats: Stats) -> None:
    games = f"{GAMES}!fact_team_game_team_key_fkey"
    query = f"select=team_key,games:{games}(game_key,score_for)&games.order=score_for.desc,game_key&games.limit=2"
    found = stats.rows(f"/dim_team?{query}&games.score_for=gt.0&order=team_key")
    plain = stats.rows(f"/{GAMES}?select=team_key,game_key,score_for&score_for=gt.0&order=score_for.desc,game_key")
    for team in found:
        own = [row for row in plain if row["team_key"] == team["team_key"]]
        assert team["games"] == [{"game_key": row["game_key"], "score_for": row["score_for"]} for row in own[:2]]
    assert any(team["games"] for team in found)
    assert len(found) == len(stats.rows("/dim_team")), "conditions of embedded rows leave the outer rows"

    winners = f"/dim_team?select=team_key,games:{games}!inner(game_key)&games.score_for=gte.3&order=team_key"
    expected = sorted({row["team_key"] for row in stats.rows(f"/{GAMES}?select=team_key&score_for=gte.3")})
    assert [team["team_key"] for team in stats.rows(winners)] == expected
    assert stats.get(winners, Prefer="count=exact").headers["content-range"].endswith(f"/{len(expected)}")
    without = f"/dim_team?select=team_key,games:{games}(game_key)&games.score_for=gte.3&games=is.null&order=team_key"
    assert sorted([*expected, *(team["team_key"] for team in stats.rows(without))]) == [
        team["team_key"] for team in found
    ]
    assert problem(stats.get("/dim_team?games.score_for=gt.0"))[0] == 400


def test_columns_of_one_row_are_spread_and_ordered_by(stats: Stats) -> None:
    found = stats.rows(
        f"/{GAMES}?select=game_key,side,...dim_team!team_key(name:team_name)&order=dim_team(team_name).desc,game_key,side"
    )
    nested = stats.rows(f"/{GAMES}?select=game_key,side,dim_team!team_key(team_name)&order=game_key,side")
    flat = [{"game_key": r["game_key"], "side": r["side"], "name": r["dim_team"]["team_name"]} for r in nested]
    by_name = sql(stats, f"select game_key, side from marts.{GAMES} join marts.dim_team using (tenant_id, team_key) "
                  "where tenant_id = %s order by team_name desc, game_key, side")  # fmt: skip
    assert sorted(found, key=lambda row: (row["game_key"], row["side"])) == flat
    assert [{"game_key": row["game_key"], "side": row["side"]} for row in found] == by_name
    many = stats.get(f"/dim_team?select=...{GAMES}!fact_team_game_team_key_fkey(game_key)")
    assert problem(many)[0] == 400


def test_parts_of_json_are_columns(stats: Stats) -> None:
    periods = "goals_by_period"
    found = stats.rows(f'/{GAMES}?select=game_key,side,first:{periods}->>"1",{periods}->"2"&order=game_key,side')
    expected = sql(stats, f"select game_key, side, {periods}->>'1' as first, {periods}->'2' as \"2\" "
                   f"from marts.{GAMES} where tenant_id = %s order by 1, 2")  # fmt: skip
    assert found == expected
    assert any(row["first"] is not None for row in found)
    nothing = stats.rows(f"/{GAMES}?select={periods}->>1&limit=1")
    assert nothing == [{periods: None}], "digits without quotes are the index of an array"
    filtered = stats.rows(f'/{GAMES}?select=game_key,side&{periods}->>"1"=eq.1&order=game_key,side')
    assert filtered == [{"game_key": row["game_key"], "side": row["side"]} for row in expected if row["first"] == "1"]


def test_a_zero_byte_and_invalid_text_are_refused(stats: Stats) -> None:
    for query in ("select=%00", "score_for=eq.%00", "team_key=eq.%ff", "%00=eq.1"):
        assert problem(stats.get(f"/{GAMES}?{query}"))[0] == 400, query


def test_a_schema_is_chosen_by_header(stats: Stats) -> None:
    assert problem(stats.get("/standings", Accept_Profile="pg_catalog"))[0] == 406
    assert problem(stats.get("/pg_roles")) == (404, "relation pg_roles does not exist")
    assert problem(stats.get("/standings", Accept_Profile="contest")) == (404, "relation standings does not exist")
    assert stats.rows("/team?select=team_key&limit=1", Accept_Profile="contest")
    stranger = stats.web.get("/team", stats.token())
    assert problem(stranger) == (403, "only a member of the tenant may read the schema contest")


def test_answers_equal_those_of_sql(stats: Stats) -> None:
    text = stats.get("/standings?order=place").text
    assert json.loads(text) == sql(stats, "select * from marts.standings where tenant_id = %s order by place")
