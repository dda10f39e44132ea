"""The analysts' guide shows every mart as it is, and its questions are answered to an analyst."""

from typing import Any

from tests.marts.guide import GUIDE, QUESTIONS, questions
from tests.marts.platform import Platform
from tests.marts.test_isolation import names

MARTS = sorted(path.stem for path in QUESTIONS.glob("*.sql"))


def test_five_questions_to_each_mart_are_answered_and_stand_in_the_guide(analyst: Any) -> None:
    page = GUIDE.read_text(encoding="utf-8")
    for mart in MARTS:
        asked = questions(mart)
        assert len(asked) >= 5, mart
        for title, statement in asked:
            assert f"\n{title}\n" in page, mart
            assert f"```sql\n{statement};\n```" in page, f"{mart}: {title} Run: make docs"
            analyst.execute(statement.encode()).fetchall()
        assert mart in " ".join(statement for _, statement in asked)


def test_every_mart_and_column_is_in_the_guide(built: Platform) -> None:
    assert names(built) == MARTS
    page = GUIDE.read_text(encoding="utf-8")
    columns = built.rows(
        "select c.relname as mart, a.attname as name, format_type(a.atttypid, null) as type, "
        "col_description(a.attrelid, a.attnum) as said "
        "from pg_attribute as a join pg_class as c on c.oid = a.attrelid "
        "where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p', 'v') and a.attnum > 0"
    )
    for column in columns:
        part = page.split(f"\n## {column['mart']}\n")[1].split("\n## ")[0]
        assert f"| `{column['name']}` |" in part, "run: make docs"
        assert column["said"] in part, "run: make docs"
