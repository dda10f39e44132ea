"""`stanchion cluster check` prints the findings of the rules and of the texts, and fails when there are any."""

import json

import pytest
from click.testing import CliRunner

from stanchion.cli.main import main
from stanchion.cluster import check
from stanchion.cluster.texts import Text
from tests.sessions import Db


def test_unchanged_database_is_ready(db: Db, dsn: str) -> None:
    outcome = CliRunner().invoke(main, ["--dsn", dsn, "cluster", "check"])
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout.endswith("nothing stands in the way of a cluster.\n")


def test_finding_of_a_rule_fails_the_command(db: Db, dsn: str) -> None:
    db.execute("alter table core.cooldown set unlogged")
    outcome = CliRunner().invoke(main, ["--dsn", dsn, "cluster", "check", "--json"])
    assert outcome.exit_code == 1
    result = json.loads(outcome.stdout)
    (finding,) = result["findings"]
    assert (finding["check"], finding["object"], finding["severity"]) == (
        "distributed_tables_are_logged",
        "core.cooldown",
        "high",
    )
    assert finding["id"].startswith("distributed_tables_are_logged/core.cooldown/")
    assert finding["remedy"].startswith("alter table NAME set logged")
    assert result["rules"] > 15
    assert result["texts"] > 300


def test_finding_of_a_text_fails_the_command(db: Db, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        Text("queries.sql:3", "insert into core.event select * from core.event"),
        Text("queries.sql:9", "select 1"),
    ]
    monkeypatch.setattr(check, "shipped_texts", lambda: iter(texts))
    outcome = CliRunner().invoke(main, ["--dsn", dsn, "cluster", "check"])
    assert outcome.exit_code == 1
    assert outcome.stdout.splitlines()[0] == (
        "high: queries.sql:3: inserts the rows of a query into core.event without RETURNING (inserts_return_their_rows)"
    )
    assert outcome.stdout.endswith("and 2 statements: 1 found.\n")


def test_empty_database_is_refused(empty_dsn: str) -> None:
    outcome = CliRunner().invoke(main, ["--dsn", empty_dsn, "cluster", "check"])
    assert outcome.exit_code != 0
    assert "stanchion deploy" in outcome.output
