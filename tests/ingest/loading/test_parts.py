"""A game of several documents is the same in every order, in one load or several, with any number of processes."""

import itertools
import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from .conftest import TABLES, League, wait_until_alone
from .test_converge import held
from .tiny import KINDS, document, register, write

MakeLeague = Callable[[str], League]


@pytest.fixture(autouse=True)
def tiny_format(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


def rows(league: League) -> dict[str, list[str]]:
    """Return the rows that must be equal. Merges of fewer documents depend on the loads, so they are left out."""
    found = {name: league.table(name) for name in TABLES if name != "landing.revision"}
    return found | {"merge": league.rows(LAST_MERGE)}


LAST_MERGE = (
    "select content_hash, exported_at, first_exported_at, rank, game_date, state, events_accepted, document "
    "from (select distinct on (tenant_id, game_key) * from landing.revision "
    "order by tenant_id, game_key, rank desc nulls last) as r"
)
ARE_MERGED = (
    "select p.game_key, p.kind, exists (select from landing.revision as r "
    "where r.tenant_id = p.tenant_id and r.game_key = p.game_key and position(p.kind in r.rank) > 0) "
    "from landing.part as p where p.tenant_id = %s and p.is_merged"
)


def outcomes(league: League) -> list[str]:
    """Return the outcomes of the files of the last load, in the order of the files."""
    found = league.db.execute(
        "select f.outcome from landing.file as f where f.tenant_id = %s and f.load_id = "
        "(select max(b.load_id) from landing.load_batch as b where b.tenant_id = %s) order by f.file_no, f.game_no",
        [league.id, league.id],
    )
    return [outcome for (outcome,) in found]


def merged(league: League) -> list[str]:
    """Return the kinds of the merged parts."""
    return sorted(kind for kind, is_merged in league.rows("select kind, is_merged from landing.part") if is_merged)


def test_every_order_gives_the_same_rows(make_league: MakeLeague, tmp_path: Path) -> None:
    documents = [document("info"), document("plays", 30), document("plays", 25), document("box", 4)]
    found = []
    for number, order in enumerate(itertools.permutations(documents)):
        league = make_league(f"league-{number}")
        league.load(write(tmp_path / str(number), *order))
        found.append(rows(league))
    for each in found:
        assert each == found[0]
    assert league.published("T1") == 30
    assert len(found[0]["contest.official_figure"]) == 4
    assert len(found[0]["landing.part"]) == len(documents)
    assert "hits" in league.one("select lacks from contest.fixture")


def test_one_load_equals_a_load_of_each_document(make_league: MakeLeague, tmp_path: Path) -> None:
    whole, single = make_league("whole"), make_league("single")
    documents = [document(kind, 12, game) for game in ("T1", "T2", "T3") for kind in KINDS]
    whole.load(write(tmp_path / "whole", *documents), jobs=3)
    for number, each in enumerate(documents):
        single.load(write(tmp_path / str(number), each))
    assert rows(single) == rows(whole)


@pytest.mark.slow
def test_loads_at_once_end_in_the_same_rows(make_league: MakeLeague, tmp_path: Path) -> None:
    alone, together = make_league("alone"), make_league("together")
    documents = [document(kind, size, f"T{game}") for game in range(6) for kind in KINDS for size in (8, 9)]
    alone.load(write(tmp_path / "alone", *documents))
    order = random.Random(1)
    processes = []
    for number in range(3):
        order.shuffle(documents)
        processes.append(start(together, write(tmp_path / str(number), *documents), jobs=2))
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    assert rows(together) == rows(alone)


def start(league: League, folder: Path, jobs: int) -> Any:
    """Load in a forked process, which has the tiny format too, with a process group of its own."""

    def load() -> None:
        os.setsid()
        league.load(folder, jobs=jobs)

    process = multiprocessing.get_context("fork").Process(target=load)
    process.start()
    return process


@pytest.mark.slow
def test_killed_load_leaves_whole_games(make_league: MakeLeague, tmp_path: Path) -> None:
    """A load is killed while it waits for a game. What it published is complete, and the next load adds the rest."""
    expected, league = make_league("expected"), make_league("killed")
    games = [f"T{number}" for number in range(8)]
    folder = write(tmp_path, *(document(kind, 9, game) for kind in KINDS for game in games))
    expected.load(folder)
    with held(league, games[5:]):
        process = start(league, folder, jobs=2)
        while len(league.rows("select 1 from landing.file")) < 4:
            assert process.is_alive()
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    wait_until_alone(league)
    for key, kind, is_merged in league.db.execute(ARE_MERGED, [league.id]):
        assert is_merged, (key, kind)
    league.load(folder)
    assert rows(league) == rows(expected)


@pytest.mark.slow
def test_load_killed_before_it_merges_leaves_its_documents_to_the_next(make_league: MakeLeague, tmp_path: Path) -> None:
    """What is stored and not merged is in no game, until a load of the same documents merges it."""
    expected, league = make_league("expected"), make_league("killed")
    folder = write(tmp_path / "a", *(document(kind, 9) for kind in KINDS))
    expected.load(folder)
    with held(league, ["T1"]):
        process = start(league, folder, jobs=1)
        while len(league.rows("select 1 from landing.part")) < len(KINDS):
            assert process.is_alive()
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    wait_until_alone(league)
    assert merged(league) == []
    league.load(write(tmp_path / "b", document("info")))
    assert merged(league) == ["info"]
    league.load(folder)
    assert rows(league) == rows(expected)


def test_load_publishes_each_game_once(league: League, tmp_path: Path) -> None:
    total = league.load(write(tmp_path, *(document(kind, 9, game) for kind in KINDS for game in ("T1", "T2"))))
    assert dict(total.outcomes) == {"published": 6}
    assert league.rows("select state from landing.revision") == [("published",), ("published",)]
    assert (total.seen, total.accepted) == (18, 18)


def test_second_load_reads_no_file(league: League, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, document("plays", 9), document("info"), document("box", 2))
    league.load(folder)
    before = rows(league)
    monkeypatch.setattr("stanchion.ingest.loading.process.read", lambda *_: pytest.fail("the file was read"))
    assert dict(league.load(folder).outcomes) == {"unchanged": 3}
    assert rows(league) == before


def test_stored_part_in_another_file_changes_nothing(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", document("info"), document("plays", 9)))
    before = rows(league)
    total = league.load(write(tmp_path / "b", document("plays", 9), document("info")))
    assert (dict(total.outcomes), total.seen) == ({"unchanged": 2}, 0)
    assert rows(league) == before


def test_equal_files_of_two_games_are_both_read(league: League, tmp_path: Path) -> None:
    """The path takes part in the fingerprint, because the key of a game may be in the name of the file only."""
    text = json.dumps(document("plays", 9))
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(text)
    league.load(tmp_path)
    marks = [mark for (mark,) in league.rows("select fingerprint from landing.file")]
    assert len(set(marks)) == 2


def test_file_with_several_games_is_read_again(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path, document("info", game=["T1", "T2"]), document("plays", 9, "T1"))
    league.load(folder)
    assert league.rows("select fingerprint is null from landing.file").count((True,)) == 2
    assert dict(league.load(folder).outcomes) == {"unchanged": 3}
    assert league.published("T1") == 9


def test_outcome_of_each_document(league: League, tmp_path: Path) -> None:
    """A game is merged from the largest document of each kind. The smaller ones are archived."""
    documents = [
        document("plays", 9), document("box", 2), document("info"), document("plays", 8), document("plays", 10),
        document("box", 3), document("plays", 9),
    ]  # fmt: skip
    folder = write(tmp_path / "a", *documents)
    predicted: list[str] = []
    league.load(folder, dry_run=True, on_result=lambda each: predicted.append(each.outcome))
    total = league.load(folder)
    assert outcomes(league) == [
        "archived", "archived", "published", "archived", "published", "published", "unchanged",
    ]  # fmt: skip
    assert predicted == outcomes(league)
    assert (total.seen, total.accepted, total.rejected, total.is_clean) == (10, 10, 0, True)
    reasons = dict(league.rows("select file_no, reason from landing.file"))
    assert [number for number, reason in sorted(reasons.items()) if reason] == [0, 1, 3]
    assert len({reasons[0], reasons[1], reasons[3]}) == 1 and "larger document" in reasons[0]


def test_dry_run_predicts_after_a_load(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", document("info"), document("plays", 9)))
    before = rows(league)
    folder = write(
        tmp_path / "b", document("plays", 9), document("plays", 5), document("plays", 12), document("box", 1)
    )
    predicted: list[Any] = []
    league.load(folder, dry_run=True, on_result=predicted.append)
    assert rows(league) == before
    done: list[Any] = []
    league.load(folder, on_result=done.append)
    facts = [[(e.outcome, e.reason, e.seen, e.accepted, e.rejected) for e in each] for each in (predicted, done)]
    assert facts[0] == facts[1]
    assert [outcome for outcome, *_ in facts[1]] == ["unchanged", "archived", "published", "published"]


def test_document_that_cannot_be_merged_is_rejected_alone(league: League, tmp_path: Path) -> None:
    bad = document("box") | {"entries": []}
    folder = write(tmp_path, document("info"), bad, document("plays", 9))
    predicted: list[str] = []
    league.load(folder, dry_run=True, on_result=lambda each: predicted.append(each.outcome))
    total = league.load(folder)
    assert predicted == ["empty", "rejected", "published"] == outcomes(league)
    assert [(each.reason, each.game) for each in total.failing] == [("The document has no entries.", "T1")]
    assert merged(league) == ["info", "plays"]
    assert league.published("T1") == 9


def test_rejected_rows_are_reported_once(league: League, tmp_path: Path) -> None:
    plays = document("plays", 9)
    plays["entries"][3][0] = 1000
    total = league.load(write(tmp_path, document("info"), plays, document("box", 2)))
    assert (total.seen, total.accepted, total.rejected) == (9, 8, 1)
    assert league.rows("select part, position, reason from landing.reject") == [
        ("event", 3, "The period is not a number from 0 to 99.")
    ]


def test_given_date_publishes_a_game_without_one(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path, document("plays", 9))
    assert dict(league.load(folder).outcomes) == {"archived": 1}
    assert league.published("T1") is None
    total = league.load(folder, given_on=date(2026, 1, 20))
    assert dict(total.outcomes) == {"published": 1}
    assert league.one("select played_on from contest.fixture") == date(2026, 1, 20)


def test_schedule_publishes_a_game_without_a_date(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path, document("plays", 9)))
    league.schedule("game_id,date,home_team,away_team\nT1,2026-01-12,Kestrels,Ferrymen\n")
    assert league.published("T1") == 9


def test_choice_of_an_operator_stays_until_a_larger_document(
    league: League, tmp_path: Path, stanchion: Callable[..., Any]
) -> None:
    league.load(write(tmp_path / "a", document("info"), document("plays", 20)))
    (chosen,) = league.db.execute(
        "select encode(content_hash, 'hex') from landing.revision where tenant_id = %s and state = 'published'",
        [league.id],
    ).fetchone() or (None,)
    league.load(write(tmp_path / "b", document("plays", 22)))
    assert league.published("T1") == 22
    assert stanchion("games", "publish", "T1", "--tenant", "harbour", "--revision", chosen).code == 0
    league.load(write(tmp_path / "c", document("plays", 21), document("plays", 20), document("info")))
    assert league.published("T1") == 20
    league.load(write(tmp_path / "d", document("plays", 23)))
    assert league.published("T1") == 23


def test_operator_can_publish_a_smaller_document(league: League, tmp_path: Path, stanchion: Callable[..., Any]) -> None:
    """A service that removes a play answers with fewer entries. Only a person knows that this answer is right."""
    total = league.load(write(tmp_path, document("info"), document("plays", 12), document("plays", 11)))
    assert (league.published("T1"), total.seen) == (12, 12)
    states = dict(league.rows("select events_accepted, state from landing.revision"))
    assert states == {12: "published", 11: "archived"}
    (smaller,) = league.db.execute(
        "select encode(content_hash, 'hex') from landing.revision where tenant_id = %s and events_accepted = 11",
        [league.id],
    ).fetchone() or (None,)
    assert stanchion("games", "publish", "T1", "--tenant", "harbour", "--revision", smaller).code == 0
    league.load(tmp_path)
    assert league.published("T1") == 11


def test_withdrawn_game_has_no_official_figures(league: League, tmp_path: Path, stanchion: Callable[..., Any]) -> None:
    league.load(write(tmp_path, *(document(kind, 5) for kind in KINDS)))
    assert len(league.rows("select 1 from contest.official_figure")) == 5
    assert stanchion("games", "withdraw", "T1", "--tenant", "harbour", "--yes").code == 0
    assert league.rows("select 1 from contest.official_figure") == []
    assert stanchion("games", "withdraw", "T1", "--tenant", "harbour", "--yes").code == 1


def test_other_tenants_parts_are_never_merged(make_league: MakeLeague, tmp_path: Path) -> None:
    first, second = make_league("first"), make_league("second")
    first.load(write(tmp_path / "a", document("info"), document("plays", 9)))
    second.load(write(tmp_path / "b", document("info"), document("box", 2)))
    assert (first.published("T1"), second.published("T1")) == (9, None)
    assert len(second.rows("select 1 from landing.part")) == 2


def test_merged_game_is_rebuilt_from_the_archive(league: League, tmp_path: Path) -> None:
    """A changed league rule makes the loader read the archived document of the merge."""
    league.load(write(tmp_path, document("info"), document("plays", 45), document("box", 3)))
    before = rows(league)["contest.official_figure"]
    league.set("periods", "2", "2026-02-01")
    league.schedule("game_id,date,home_team,away_team\nT1,2026-02-12,Kestrels,Ferrymen\n")
    assert league.one("select played_on from contest.fixture") == date(2026, 2, 12)
    assert rows(league)["contest.official_figure"] == before
