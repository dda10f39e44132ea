"""The parser accepts or refuses every text, and the compiler puts no text of a request into a statement."""

import re
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stanchion.serve.problems import Problem
from stanchion.serve.read.catalog import Catalog, ColumnInfo, ForeignKey, Relation
from stanchion.serve.read.compiler import Source, compile_read
from stanchion.serve.read.parser import OPERATORS, parse
from stanchion.serve.read.tree import Column, Embed, Field, Filter, Logic, Order, Request, Star


def relation(name: str, *columns: str) -> Relation:
    infos = {each: ColumnInfo(each, "jsonb" if each == "data" else "text", True, None) for each in columns}
    return Relation("s", name, "", infos)


TEAM, GAME = relation("team", "id", "name", "data"), relation("game", "id", "team_id", "other_id", 'odd "%" name')
KEYS = [
    ForeignKey("game_team_fkey", "s.game", ("team_id",), "s.team", ("id",)),
    ForeignKey("game_other_fkey", "s.game", ("other_id",), "s.team", ("id",)),
]
CATALOG = Catalog({"s.team": TEAM, "s.game": GAME}, KEYS, {}, ("s",))


def read(query: str) -> Request:
    return parse(parse_qsl(query, keep_blank_values=True))


def test_a_select_is_a_tree() -> None:
    assert read("").items == read("select=").items == (Star(),)
    assert read("select=a,b:c::int,d->e->>0").items == (
        Column(Field("a")),
        Column(Field("c"), "b", "int"),
        Column(Field("d", (("->", "e"), ("->>", 0)))),
    )
    assert read("select=*,x:team!fk!inner(name,...other(*)),empty()").items == (
        Star(),
        Embed("team", (Column(Field("name")), Embed("other", (Star(),), spread=True)), "x", "fk", True),
        Embed("empty", ()),
    )
    assert read(r'select="odd, name","a\"b"').items[0] == Column(Field("odd, name"))


def test_conditions_are_a_tree() -> None:
    assert read("a=not.eq.x.y,z(&b->>c=in.(1,\"2,3\",)").conditions == {
        (): (Filter(Field("a"), "eq", "x.y,z(", True), Filter(Field("b", (("->>", "c"),)), "in", ("1", "2,3", "")))
    }  # fmt: skip
    assert read("team.or=(a.eq.1,not.and(b.is.null,c.fts(english).x))&x.y.not.and=(a.gt.1)").conditions == {
        ("team",): (
            Logic("or", (
                Filter(Field("a"), "eq", "1"),
                Logic("and", (
                    Filter(Field("b"), "is", "null"), Filter(Field("c"), "fts", "x", language="english"),
                ), True),
            )),
        ),
        ("x", "y"): (Logic("and", (Filter(Field("a"), "gt", "1"),), True),),
    }  # fmt: skip
    assert read("or=(a.cs.{1,2},b.eq.\"x,)\",c.like(any).{a*,b*})").conditions[()][0].members == (
        Filter(Field("a"), "cs", "{1,2}"),
        Filter(Field("b"), "eq", "x,)"),
        Filter(Field("c"), "like", "{a*,b*}", quantifier="any"),
    )  # fmt: skip


def test_orders_and_windows_have_their_place() -> None:
    found = read("order=a.desc.nullslast,team(name),b->c.asc&team.order=x&limit=3&team.offset=4")
    assert found.orders[()] == (
        Order(Field("a"), None, True, False),
        Order(Field("name"), "team"),
        Order(Field("b", (("->", "c"),))),
    )
    assert (found.orders["team",], found.limits, found.offsets) == ((Order(Field("x")),), {(): 3}, {("team",): 4})


@pytest.mark.parametrize(
    "query",
    [
        "select=a,", "select=a(b", "select=a)b", "select=a::", "select=...a", "select=a!x!y(b)", "select=(a)",
        "select=a&select=b", "a=1", "a=eq", "a=nothing.1", "a=is.maybe", "a=in.1,2", "a=in.(1", "a=eq(some).1",
        "a=is(any).null", "or=a.eq.1", "or=(a.eq.1", "or=()", "or=(a.eq.1))", "order=", "order=a.up", "order=a,,b",
        "limit=-1", "limit=1e3", "limit=99999999999", "offset=x", "limit=1&limit=2", "=eq.1", "a->=eq.1",
        "or=(" * 12 + "a.eq.1" + ")" * 12, "select=" + ",".join("a" * 201), "and=" + "(and" * 3000,
    ],
)  # fmt: skip
def test_a_wrong_query_is_one_sentence(query: str) -> None:
    with pytest.raises(Problem) as refused:
        request = read(query)
        compile_read(CATALOG, Source.of(TEAM), request, max_rows=10)
    assert refused.value.status == 400
    assert len(refused.value.detail) < 250
    assert "\n" not in refused.value.detail


NAMES = ["id", "name", "data", "team", "game", "team_id", "nothing", "a b", '"x"', "data->>k", "data->1"]
PIECES = st.sampled_from(
    [*NAMES, *OPERATORS, ",", ".", "(", ")", "*", "!", ":", "::", "...", "->", "->>", '"', "\\", "{", "}", "not.", "or",
     "and", "eq.1", "in.(1,2)", "';drop table x;--", "%s", "%(p0)s", "$1", "/*", "--", "\0", "é", "١", "\ud7ff", " "]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)
PARAMETERS = st.tuples(
    st.sampled_from(["select", "order", "limit", "or", "not.and", "team.order", *NAMES]) | TEXTS, TEXTS
)
SKELETON = re.compile(
    r'"(?:[^"]|"")*"|%\(p\d+\)s|\bt\d+\b|[a-z_]+|::[a-z0-9_ ]+|->>?|\'\[\]\'|[0-9]+|[-!<>=~@&|*().,: ]+'
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(PARAMETERS, max_size=5))
def test_every_text_is_compiled_or_refused(pairs: list[tuple[str, str]]) -> None:
    """A statement consists of words, quoted names, parameters and signs; a text of the request is a quoted label."""
    try:
        plan = compile_read(CATALOG, Source.of(GAME), parse(pairs), max_rows=10)
    except Problem as e:
        assert e.status in (300, 400)
        return
    for statement in (plan.rows, plan.count):
        left = SKELETON.sub("", statement)
        assert left == "", (left, statement)
        outside = re.sub(r'"(?:[^"]|"")*"', "", statement)
        assert "--" not in outside
        assert ";" not in outside
        assert "/*" not in outside
        assert "%" not in re.sub(r"%\(p\d+\)s|%%", "", statement)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_a_value_is_only_in_the_parameters(value: str) -> None:
    marked = f"MARK{value}MARK"
    try:
        plan = compile_read(
            CATALOG, Source.of(TEAM), parse([("name", f"eq.{marked}"), ("data->>k", f"like.{marked}")]), max_rows=10
        )
    except Problem:
        assert "\0" in value
        return
    assert "MARK" not in plan.rows
    assert marked in plan.values.values()


def test_an_embedded_relation_needs_one_foreign_key() -> None:
    with pytest.raises(Problem, match="several foreign keys") as refused:
        compile_read(CATALOG, Source.of(GAME), read("select=team(*)"), max_rows=10)
    assert refused.value.status == 300
    plan = compile_read(CATALOG, Source.of(GAME), read("select=id,team!other_id(name)"), max_rows=10)
    assert '"id" = t1."other_id"' in plan.rows
    back = compile_read(CATALOG, Source.of(TEAM), read("select=id,game!game_other_fkey(id)"), max_rows=10)
    assert '"other_id" = t1."id"' in back.rows
    assert plan.relations == back.relations == {"s.game", "s.team"}
