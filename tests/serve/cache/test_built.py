"""The marts that dbt builds, and what the server finds out about the relations of the database."""

import asyncio
import re
import time
from typing import Any

import pytest

from stanchion.serve.cache.basis import Basis, basis_of_call
from stanchion.serve.database import Database
from stanchion.serve.read.catalog import Catalogs
from stanchion.serve.settings import SCHEMAS, Settings
from tests.serve.cache.conftest import status
from tests.serve.conftest import Stats
from tests.sessions import Db

OF_PERSONS = {"workspace.block", "workspace.favourite", "workspace.profile"}
WITHOUT_VERSION = {"marts.item_velocity"}  # its rows follow the clock
PERSON = re.compile(r"current_principal|current_email|member_role|member_id|actor|session_user|current_user")


def bases_of(dsn: str) -> dict[str, Basis]:
    async def read() -> dict[str, Basis]:
        database = Database(Settings(dsn=dsn))
        await database.open()
        try:
            return (await Catalogs(database, SCHEMAS).get()).bases
        finally:
            await database.close()

    return asyncio.run(read())


def test_every_mart_has_a_version_unless_it_follows_the_clock(stats: Stats) -> None:
    bases = bases_of(stats.dsn)
    marts = {name for name in bases if name.startswith("marts.")}
    assert len(marts) > 30
    assert {name for name in marts if bases[name].sources is None} == WITHOUT_VERSION
    assert set(bases["marts.standings"].sources or ()) > {"marts.standings", "marts.fact_team_game", "marts.dim_team"}
    known = {row["model"] for row in stats.platform.rows("select model from core.stat_refresh")}
    assert {source for each in bases.values() for source in each.sources or ()} <= known
    assert {name for name, each in bases.items() if each.by_person} == OF_PERSONS
    assert all(each.sources is None for name, each in bases.items() if name not in marts)


def test_a_build_makes_a_new_answer_and_no_build_makes_none(stats: Stats) -> None:
    path = "/standings?select=team_key,points&order=team_key"
    tag = stats.get(path).headers["etag"]
    assert status(stats.get(path)) == "hit"
    stats.platform.build("dim_team")
    assert stats.get(path, If_None_Match=tag).status_code == 304, "nothing had changed"
    stats.platform.build("dim_team", full_refresh=True)
    deadline = time.monotonic() + 30
    while (answer := stats.get(path, If_None_Match=tag)).status_code == 304:
        assert time.monotonic() < deadline
    assert answer.headers["etag"] != tag


def body_of(db: Db, function: str, seen: set[str]) -> str:
    """Return the text of a function and of all functions of ours that it calls."""
    seen.add(function)
    schema, _, name = function.partition(".")
    rows = db.execute(
        "select coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) from pg_proc as p "
        "join pg_namespace as n on n.oid = p.pronamespace where n.nspname = %s and p.proname = %s",
        [schema, name],
    ).fetchall()
    text = " ".join(row[0] for row in rows)
    called = {"".join(found) for found in re.findall(r"\b(core\.|contest\.)(\w+)(?=\()", text)} - seen
    return text + "".join(body_of(db, each, seen) for each in sorted(called))


@pytest.mark.parametrize("function", ["contest.leaderboard"])
def test_a_function_whose_answers_persons_share_does_not_look_at_the_person(db: Db, function: str) -> None:
    assert not basis_of_call(function).by_person
    text = body_of(db, function, set[Any]())
    assert "contest.point_entry" in text or "contest.fixture" in text
    assert not PERSON.search(text)
    assert PERSON.search(body_of(db, "core.append_events", set()))
    assert basis_of_call("contest.fixture_state").by_person, "a function is about a person unless it is listed"
