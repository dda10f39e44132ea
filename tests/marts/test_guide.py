"""The guide for analysts is what `make docs` writes today, and its examples return rows."""

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.access.analysts import revoke_analyst
from stanchion.cli.demo import print_league
from stanchion.paths import ROOT
from stanchion.server.connection import connect
from stanchion.server.locate import Server
from tests.marts.guide import ANALYST, GUIDE, QUESTIONS, TOPICS, answer, fill, guide, questions
from tests.marts.pictures import PARTITIONS, REPORT

MARTS = sorted(path.stem for path in QUESTIONS.glob("*.sql"))
README = ROOT / "README.md"


@pytest.fixture(scope="module")
def demo(fresh_platform: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A database with the data of the guide, and the DSN of the analyst.

    `make docs` fills a server of its own, with the games of another league too, which the analyst cannot read.
    """
    with fresh_platform(tmp_path_factory.mktemp("guide")) as platform:
        yield platform.server, fill(platform.server, ["harbour"])
        revoke_analyst(platform.conn, ANALYST, [])


@pytest.fixture
def reader(demo: tuple[Server, str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(demo[1], autocommit=True) as conn:
        yield conn


def test_each_mart_is_on_one_page_with_five_questions() -> None:
    assert sorted(name for topic in TOPICS for name in topic.marts) == MARTS
    for mart in MARTS:
        asked = questions(mart)
        assert len(asked) >= 5, mart
        assert all(re.search(rf"\bmarts\.{mart}\b", statement) for _, statement in asked), mart
    pages = {topic.name for topic in TOPICS}
    assert {path.stem for path in GUIDE.glob("*.md")} == {"README", *pages}


def test_each_page_begins_with_a_question() -> None:
    for topic in TOPICS:
        text = (GUIDE / f"{topic.name}.md").read_text(encoding="utf-8")
        assert re.match(r"# .+\n\n> .+\?\n\n", text), topic.name


@pytest.mark.slow
def test_each_example_returns_rows(reader: psycopg.Connection[Any]) -> None:
    empty = [(mart, title) for mart in MARTS for title, asked in questions(mart) if not answer(reader, asked)[1]]
    assert empty == []


@pytest.mark.slow
def test_the_pages_are_what_make_docs_writes(demo: tuple[Server, str]) -> None:
    """Every column, type, description and number on the pages comes from the demo as it is built now."""
    outdated = [
        path.name
        for path, text in guide(*demo).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert outdated == [], "run: make docs"


@pytest.mark.slow
def test_every_mart_and_column_of_the_database_is_there(demo: tuple[Server, str]) -> None:
    pages = {name: GUIDE / f"{topic.name}.md" for topic in TOPICS for name in topic.marts}
    with psycopg.connect(demo[0].dsn) as conn:
        columns = conn.execute(
            "select c.relname, a.attname, col_description(a.attrelid, a.attnum) "
            "from pg_attribute as a join pg_class as c on c.oid = a.attrelid "
            "where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p', 'v') and a.attnum > 0"
        ).fetchall()
    assert sorted({mart for mart, _, _ in columns}) == MARTS
    for mart, column, description in columns:
        part = pages[mart].read_text(encoding="utf-8").split(f"\n## {mart}\n")[1].split("\n## ")[0]
        assert f"| `{column}` |" in part, f"{mart}.{column}: run: make docs"
        assert description in part, f"{mart}.{column}: run: make docs"


@pytest.mark.slow
def test_the_readme_shows_the_standings_of_the_demo(
    demo: tuple[Server, str], reader: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(demo[0]) as conn:
        print_league(reader, conn, "harbour")
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    block = re.search(r"\$ make demo\n(.*?)(?:```|^\$ )", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert block
    shown = block[1].split("\nHarbour League")[1].splitlines()
    shown[0] = f"Harbour League{shown[0]}"
    assert len(shown) > 5
    assert [line for line in shown if line and line != "..." and line.rstrip() not in printed] == []


def test_the_pictures_of_the_readme_are_small() -> None:
    text = README.read_text(encoding="utf-8")
    for picture in (REPORT, PARTITIONS):
        assert picture.relative_to(ROOT).as_posix() in text
        assert picture.stat().st_size < 150_000
    assert struct.unpack(">II", REPORT.read_bytes()[16:24]) == (1120, 800)
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", _without_comments(PARTITIONS))


def _without_comments(picture: Path) -> str:
    return re.sub(r"<!--.*?-->", "", picture.read_text(encoding="utf-8"), flags=re.DOTALL)
