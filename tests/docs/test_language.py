"""The language check finds each family of phrases in each kind of source, and skips code."""

from pathlib import Path

import pytest

from . import language

PHRASES = {
    "somebody": "a table that nobody reads",
    "whoever": "the name of whoever wrote it",
    "what-clause": "prints what the server has",
    "says/tells/asks": "the file says which one",
    "is no/none": "an empty list is no error",
    "anew/for ever": "the file is written anew",
}
# The kind of a source, with a place in it where a person reads a phrase.
PLACES = {
    "comment.py": "x = 1  # PHRASE",
    "docstring.py": 'def f() -> None:\n    """PHRASE"""',
    "help.py": "@click.option('--count', help='PHRASE.')\ndef f() -> None: ...",
    "error.py": "raise ValueError(f'{name}: PHRASE')",
    "test_name.py": "def test_NAME() -> None: ...",
    "comment.sql": "select 1 -- PHRASE\n;",
    "body.sql": "create function f() returns void language sql as $$\n-- PHRASE\nselect 1\n$$;",
    "block.sql": "/* PHRASE */ select 1;",
    "model.sql": "{# PHRASE #} select 1",
    "object.sql": "comment on table core.tenant is 'PHRASE';",
    "raise.sql": "do $$ begin raise exception 'PHRASE: %', 1 using errcode = '22023'; end $$;",
    "hint.sql": "do $$ begin raise exception 'wrong' using hint = 'PHRASE'; end $$;",
    "view.sql": "create view v as select format('PHRASE: %s', 1) as problem;",
    "described.test.sql": "select is((select f('a')), 'b', 'PHRASE');",
    "thrown.test.sql": "select throws_ok($$select 1$$, '42501', null, 'PHRASE');",
    "page.md": "# A page\n\nIt works: PHRASE.",
    "columns.yml": "models:\n  - name: game\n    columns:\n      - name: id\n        description: >\n          PHRASE",
    "comment.yml": "a: 1  # PHRASE",
    "comment.toml": 'a = "b#c"  # PHRASE',
    "Makefile": "all:  ## PHRASE\n\ttrue",
    "print.sh": 'echo "PHRASE: $1"',
    "page.html": "<p>PHRASE</p>",
    "page.js": "let a = 1; // PHRASE",
}
CODE = {
    "code.py": "def what_is(nobody: str) -> str:\n    says = 'nobody'\n    return 'select what from t where a = %s'",
    "code.sql": "select nobody from whoever where says = 'nobody'; select f('nobody says'); -- revert: nobody says",
    "data.test.sql": "select is(f('whoever'), 'what is', 'a description');\ninsert into t values ('nobody says');",
    "code.md": "A `whoever` in code:\n\n```text\nnobody says what is here\n```\n\n[link](nobody/says.md)",
    "code.yml": "nobody: whoever\n",
    "code.html": "<script>let whoever = 'nobody says'</script><p title='nobody'>{{ whoever }}</p>",
}


def found(folder: Path, name: str, text: str) -> list[tuple[str, int]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return [(hit.family.name, hit.line) for prose in language.prose_of(path) for hit in language.hits_of(prose)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("family", PHRASES)
def test_finds_family_in_place(family: str, place: str, tmp_path: Path) -> None:
    template, phrase = PLACES[place], PHRASES[family]
    text = template.replace("PHRASE", phrase).replace("NAME", phrase.replace(" ", "_"))
    line = 1 + template[: template.index("NAME" if "NAME" in template else "PHRASE")].count("\n")
    lines = {line, line - 1} if "description: >" in template else {line}  # YAML gives the line of the ">"
    [(name, at)] = found(tmp_path, place, text)
    assert name == family
    assert at in lines


@pytest.mark.parametrize("name", CODE)
def test_skips_code(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, name, CODE[name]) == []


@pytest.mark.parametrize("name", ["a.py", "a.yml", "a.sql"])
def test_finds_phrase_across_two_lines(name: str, tmp_path: Path) -> None:
    mark = "--" if name == "a.sql" else "#"
    assert found(tmp_path, name, f"{mark} It prints what\n{mark} is there.\n") == [("what-clause", 1)]


def test_allows_what_in_questions(tmp_path: Path) -> None:
    assert found(tmp_path, "a.md", "What is a tenant? What the page contains.") == [("what-clause", 1)]


def test_allows_is_no_longer(tmp_path: Path) -> None:
    assert found(tmp_path, "a.md", "The column is no longer written.") == []


def test_exits_with_1_above_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "ROOT", tmp_path)
    for words, code in [(4000, 1), (6000, 0)]:
        (tmp_path / "page.md").write_text("nobody " + "word " * words)
        monkeypatch.setattr(language, "files", lambda _paths: [tmp_path / "page.md"])
        assert language.main([]) == code
