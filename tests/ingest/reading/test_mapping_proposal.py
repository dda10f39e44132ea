"""A mapping that is proposed from a sample file is valid, and reads the file."""

import json

import pytest

from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.files import event_csv, workbook
from stanchion.dev.sample.mapped import event_csv_like_2022, tracking_csv
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.mapping.formats import format_of
from stanchion.ingest.reading.mapping.propose import propose
from stanchion.ingest.reading.mapping.yamlfile import read_mapping
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes
from tests.ingest.reading.book_count import differences
from tests.ingest.reading.helpers import played
from tests.ingest.reading.test_mapping import GOAL, goals


def proposed(data, path="x.csv"):
    """Return the proposed YAML, and the games that it reads."""
    text = propose(from_bytes(path, data), "new format")
    mapping = read_mapping(text, "proposal")
    return text, list(read(from_bytes(path, data), [format_of(mapping)]))


@pytest.mark.parametrize("number", range(5))
def test_proposal_for_tracking_needs_only_the_delay_of_goals(number):
    book = book_game(number)
    data = tracking_csv([book])
    text, (game,) = proposed(data)
    assert game.rejects == ()
    assert "add later_by" in text
    mapping = read_mapping(text.replace("    play: goal\n", "    play: goal\n    later_by: 1\n"), "x")
    (game,) = read(from_bytes("x", data), [format_of(mapping)])
    columns = {
        line.split(" ")[-6] if "books" in line else line.split(": ")[0].split(" ")[-1]
        for line in differences(book, game)
    }
    # a penalty shot is only marked by the type of the shot, which the proposal does not know
    assert columns <= {"power_play_goals", "short_handed_goals"}


def test_proposal_for_events_reads_every_row():
    text, (game,) = proposed(event_csv_like_2022([book_game(0)]))
    assert "first: day" in text
    assert "{event: Shot, event_successful: t}, play: goal" in text
    assert "direction: down" in text
    assert "origin: corner" in text
    assert game.rejects == ()
    assert sum(book_game(0).truth.teams[side]["goals"] for side in ("home", "away")) == sum(
        event.action.type == "Goal" for event in game.events
    )


def test_proposal_for_the_event_csv_of_another_year():
    text, (game,) = proposed(event_csv([played()]))
    assert game.rejects == ()
    assert "choose a play" in text
    assert (game.home_team, game.away_team) == (played().teams["home"], played().teams["away"])


def test_proposal_for_json_uses_paths_and_no_other_keys():
    text, (game,) = proposed(
        goals(*(GOAL | {"at": 100 + n, "type": ("GOAL", "SHOT")[n % 2]} for n in range(20))), "x.json"
    )
    assert "rows: goals" in text
    assert "key: [$.id]" in text
    assert "home: $.teams.home.name" in text
    recognised = next(line for line in text.splitlines() if line.startswith("recognise:"))
    assert "apiKey" not in recognised
    assert game.game_key == "42"


def test_proposal_for_a_list_and_for_lists_in_lists():
    rows = [{"game_id": 5, "team": "home", "period": 1, "clock": f"1:{n:02d}", "event": "Shot"} for n in range(30)]
    rows[-1]["event"] = "Goal"
    text, (game,) = proposed(json.dumps(rows).encode(), "x.json")
    assert 'rows: "[]"' in text
    assert (game.game_key, len(game.events)) == ("5", 30)
    nested = json.dumps({"matches": [{"plays": rows}, {"plays": rows[:3]}]}).encode()
    assert 'rows: "matches[].plays"' in proposed(nested, "x.json")[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no rows"),
        (b"a,b\n", "no rows"),
        (b"{}", "no list of objects"),
        (b"[1, 2]", "no list of objects"),
        (b'{"a": ', "truncated"),
    ],
)
def test_file_without_rows_is_refused(data, reason):
    with pytest.raises(UnreadableError, match=reason):
        proposed(data)


def test_workbook_is_refused():
    with pytest.raises(UnreadableError, match="describes a CSV or JSON file"):
        proposed(workbook(played()))


def test_columns_that_mean_nothing_give_a_draft_to_fill_in():
    text = propose(from_bytes("x", b'a,"b: #c",true\n1,"{x}",3\n'), "odd: name")
    assert "UNKNOWN" in text
    mapping = read_mapping(text.replace('"odd: name"', "odd"), "x")
    assert mapping.clock.column == "UNKNOWN"
