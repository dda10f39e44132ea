"""Sample exports depend only on the seed, and loading them has the results that truth.json contains."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.damage import DAMAGE
from stanchion.dev.sample.league import day_of
from tests.sessions import Db


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_the_same_seed_yields_the_same_files(tmp_path: Path, call: Callable[..., Any]) -> None:
    for name, quirks in (("a", "repr"), ("b", "repr"), ("plain", "none")):
        outcome = call("sample", "--games", "4", "--quirks", quirks, "--csv", "--out", str(tmp_path / name))
        assert outcome.code == 0, outcome.err
    assert outcome.out == f"4 games in 17 files below {tmp_path / 'plain'}.\n"
    a, b, plain = (bytes_of(tmp_path / name) for name in ("a", "b", "plain"))
    assert a == b
    assert a.keys() == plain.keys()
    assert a["truth.json"] == plain["truth.json"]
    assert a["schedule.csv"] == plain["schedule.csv"]
    assert {Path(name).suffix for name in a} == {".json", ".xlsx", ".csv"}
    again = call("sample", "--out", str(tmp_path / "a"))
    assert (again.code, again.err) == (1, f"Error: {tmp_path / 'a'} is not empty; choose a new or empty folder.\n")


def test_a_season_of_many_games_has_days_that_a_load_accepts() -> None:
    days = [day_of(number) for number in range(1312)]
    assert max(days) - min(days) < timedelta(days=2 * 365)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    ("games", "damages"), [(4, 3), pytest.param(16, len(DAMAGE), marks=pytest.mark.exhaustive)], ids=["some", "all"]
)
def test_each_damage_has_its_expected_outcome(
    games: int,
    damages: int,
    tmp_path: Path,
    call: Callable[..., Any],
    stanchion: Callable[..., Any],
    db: Db,
    tenants: dict[str, str],
) -> None:
    call("sample", "--games", str(games), "--quirks", "all", "--csv", "--out", str(tmp_path))
    truth = json.loads((tmp_path / "truth.json").read_text())
    game_of = {name: key for key, game in truth.items() for name in game["damage"]}
    assert list(game_of) == list(DAMAGE)[:damages]

    def present(*names: str) -> list[str]:
        """Return the damages that the sample contains."""
        return [name for name in names if name in game_of]

    assert call("games", "schedule", "load", str(tmp_path / "schedule.csv"), "--tenant", "ours").code == 0
    loaded = stanchion("load", str(tmp_path / "exports"), "--tenant", "ours", "--json")
    assert loaded.code == 1, loaded.err
    outcomes = {Path(each["path"]).name.partition("_")[2]: each["outcome"] for each in json.loads(loaded.out)["games"]}
    unreadable = {"truncated": "cut_off.json", "not_json": "notes.json", "not_an_export": "weather.json"}
    rejected = [outcomes[unreadable[name]] for name in present(*unreadable)]
    assert set(rejected) == {"rejected"}
    assert sorted(outcomes.values()) == ["quarantined", *rejected]

    published = "select game_key, count(*) from contest.play_event where tenant_id = %s group by 1"
    assert dict(db.execute(published, [tenants["ours"]]).fetchall()) == {
        key: game["events"] for key, game in truth.items()
    }
    rejects = db.execute("select distinct part, game_key from landing.reject where part <> 'file'").fetchall()
    assert set(rejects) == {
        (name.partition("_")[0], game_of[name]) for name in present("event_without_type", "stint_backwards")
    }

    quality = {row["game"]: row for row in json.loads(call("games", "quality", "--tenant", "ours", "--json").out)}
    flags = {
        "jersey_on_no_roster": "participant_on_no_roster",
        "jersey_on_the_other_roster": "participant_on_other_roster",
    }
    for name in present(*flags):
        assert flags[name] in str(quality[game_of[name]])
    swapped = db.execute("select game_key from contest.fixture where is_swapped").fetchall()
    assert swapped == [(game_of[name],) for name in present("home_and_away_swapped")]

    csv = stanchion("load", str(tmp_path / "events.csv"), "--tenant", "theirs", "--json")
    assert csv.code == 0, csv.err
    assert json.loads(csv.out)["outcomes"] == {"published": games}
