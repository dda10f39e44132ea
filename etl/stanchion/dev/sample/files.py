"""Write a sample game in every file format in which games arrive."""

import copy
import csv
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from stanchion.dev.sample.event_shifts import skaters_at
from stanchion.dev.sample.games import OTHER, PENALTY_LENGTHS, SKATERS, Game
from stanchion.dev.sample.names import COLOURS

SECRET: Final = "INVENTED-SECRET-THAT-MUST-NOT-BE-KEPT"  # noqa: S105 (real exports hold a real one here)
START: Final = datetime(2026, 1, 16, 15, 0, 0, 271000, tzinfo=UTC)
CSV_COLUMNS: Final = (
    "Date", "Home Team", "Away Team", "Period", "Clock", "Home Team Skaters", "Away Team Skaters", "Home Team Goals",
    "Away Team Goals", "Team", "Player", "Event", "X Coordinate", "Y Coordinate", "Detail 1", "Detail 2", "Detail 3",
    "Detail 4", "Player 2", "X Coordinate 2", "Y Coordinate 2",
)  # fmt: skip
CSV_COLUMNS_2025: Final = tuple(
    {"Player": "Player_Id", "Player 2": "Player_Id_2"}.get(name, name.replace(" ", "_")) for name in CSV_COLUMNS
)
CSV_COLUMNS_2022: Final = (
    "game_date", "season_year", "team_name", "opp_team_name", "venue", "period", "clock_seconds", "situation_type",
    "goals_for", "goals_against", "player_name", "event", "event_successful", "x_coord", "y_coord", "event_type",
    "player_name_2", "x_coord_2", "y_coord_2", "event_detail_1", "event_detail_2", "event_detail_3",
)  # fmt: skip
_CSV_EVENTS: Final = {
    ("Faceoff", ""): "Faceoff Win", ("Turnover", "Turnover_Takeaway"): "Takeaway", ("Penalty", ""): "Penalty Taken",
    ("Goal", ""): "Goal", ("Pass", "Pass_Completed"): "Play", ("Pass", ""): "Incomplete Play",
    ("Possession", ""): "Puck Recovery", ("Zone_Entry_Exit", "Zone_Entry"): "Zone Entry", ("Shot", ""): "Shot",
    ("Play", "Play_Offensive"): "Dump In/Out", ("Shot", "Shot_Goal"): None,
}  # fmt: skip
_SCHEMAS: Final = "http://schemas.openxmlformats.org"
_SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_BOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_RELS: Final = "application/vnd.openxmlformats-package.relationships+xml"
_CSV_SHOTS: Final = {"Shot_OnNetSaved": "On Net", "Shot_Blocked": "Blocked"}


def export(
    game: Game, when: datetime = START, events: Sequence[dict[str, Any]] | None = None, backup: bool = False
) -> dict[str, Any]:
    """Return the game export, or its backup, as a tree. An earlier revision has only the first `events`."""
    kept = copy.deepcopy(list(game.events if events is None else events))
    moment = when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"
    empty_slots = dict.fromkeys((*SKATERS, "G", "X"))
    secrets = {"sbUrl": f"https://{SECRET.lower()}.invalid", "sbKey": SECRET, "periodLength": "18"}
    tree: dict[str, Any] = {
        "exportDate": moment,
        "version": "25.0" if backup else "23.8",
        "gameId": game.game_id,
        "homeTeam": game.teams["home"],
        "awayTeam": game.teams["away"],
        "homeColor": COLOURS.get(game.teams["home"]),
        "awayColor": COLOURS.get(game.teams["away"]),
        "homeLogo": "https://example.invalid/h.png",
        "awayLogo": "https://example.invalid/a.png",
        "rosters": copy.deepcopy(game.rosters),
        "events": kept,
        "shifts": copy.deepcopy(game.stints) if kept else [],
        "evtIdx": len(kept),
        "shiftIdx": len(game.stints) if kept else 0,
        "videos": [],
        "videoTiming": {"videoStartOffset": 0, "intermission1": 72, "timeouts": [], "youtubeUrl": ""},
        "periodLengths": dict(game.lengths),
        "penaltyLengths": dict(PENALTY_LENGTHS),
        "homeAttacksRightP1": True,
        "settings": secrets,
        "customChainPresets": [],
        "linePresets": {"home_F1": {"name": "F1", "players": [p["num"] for p in game.rosters["home"][:3]]}},
        "currentPeriod": 1,
        "currentTeam": "home",
        "slots": {"home": empty_slots, "away": empty_slots},
        "savedAt": moment,
    }
    if backup:
        tree |= {"highlightVideos": [], "autoSettings": dict(secrets), "customRules": [], "customLinkingRules": []}
        tree["eventMacros"] = []
    return tree


def roster(game: Game, day: str = "2026-01-16") -> dict[str, Any]:
    """Return the roster file, which also contains the day."""
    lines = {
        side: [{"n": p["num"], "name": p["name"], "pos": p["pos"], "skill": 4} for p in game.rosters[side]]
        for side in OTHER
    }
    return {
        "gid": str(game.game_id),
        "date": day,
        "homeTeam": game.teams["home"],
        "awayTeam": game.teams["away"],
        "homeRoster": lines["home"],
        "awayRoster": lines["away"],
    }


def as_json(tree: Any) -> bytes:
    """Return JSON as a browser writes it: indented, without a newline at the end."""
    return json.dumps(tree, indent=2, ensure_ascii=False).encode()


def event_csv(games: Iterable[Game], day: str = "2026-01-16", year: int = 2024) -> bytes:
    """Return the event CSV of many games, in the form of a year. In it, a goal is its own shot."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow({2022: CSV_COLUMNS_2022, 2025: CSV_COLUMNS_2025}.get(year, CSV_COLUMNS))
    form = {2022: _as_2022, 2025: _as_2025}.get(year, _as_2024)
    for game in games:
        score = {"home": 0, "away": 0}
        for event in game.events:
            kind = event["type"]
            named = _CSV_EVENTS.get((kind, event["detail1"]), _CSV_EVENTS.get((kind, "")))
            if named is None:
                continue
            rows.writerow(form(game, _csv_cells(game, event, named, score, day)))
            score[event["team"]] += named == "Goal"
    return text.getvalue().encode("utf-8-sig" if year == 2025 else "utf-8")


def _csv_cells(game: Game, event: dict[str, Any], named: str, score: dict[str, int], day: str) -> dict[str, Any]:
    """Return the cells of a row of 2024 by column. The score is the one before the event."""
    second_role = {"Play": "event_player_2", "Incomplete Play": "event_player_2", "Shot": "", "Goal": ""}
    people = {player["role"]: player["name"] for player in event["players"]}
    first, second = people["event_player_1"], people.get(second_role.get(named, "opp_player_1"), "")
    how = event["detail2"].split("_")[-1]
    details = (
        [how, _CSV_SHOTS.get(event["detail1"], "Missed"), "t", "f"] if named in ("Shot", "Goal") else [how, "", "", ""]
    )
    ahead = game.attacks(event["team"], event["period"]) if game.shots else 1  # the acting team attacks x = 200
    places = [(ahead * point["x"] + 100, ahead * point["y"] + 42.5) for point in event["puckXY"]][:2]
    xy = [number for place in [*places, ("", ""), ("", "")][:2] for number in place]
    cells = [
        day, game.teams["home"], game.teams["away"], event["period"], event["start_time"],
        *skaters_at(game, event["period"], event["start_time"]), score["home"], score["away"],
        game.teams[event["team"]], first, named, *xy[:2], *details, second, *xy[2:],
    ]  # fmt: skip
    return dict(zip(CSV_COLUMNS, cells, strict=True))


def _as_2024(_: Game, cells: dict[str, Any]) -> list[Any]:
    return list(cells.values())


def _as_2025(game: Game, cells: dict[str, Any]) -> list[Any]:
    """Write the date with the month first, and jerseys for names, as 45 or 45.0."""
    year, month, day = cells["Date"].split("-")
    shirts = {player["name"]: player["num"] for roster in game.rosters.values() for player in roster}
    people = {
        "Player": shirts[cells["Player"]],
        "Player 2": cells["Player 2"] and f"{shirts[cells['Player 2']]}.0",
    }
    return list((cells | people | {"Date": f"{int(month)}/{int(day)}/{year}"}).values())


def _as_2022(game: Game, cells: dict[str, Any]) -> list[Any]:
    """Write the date with the day first, the row's team and its opponent, seconds, and a goal as a successful shot."""
    year, month, day = cells["Date"].split("-")
    minutes, seconds = cells["Clock"].split(":")
    side, other = ("home", "away") if cells["Team"] == game.teams["home"] else ("away", "home")
    goals = {"home": cells["Home Team Goals"], "away": cells["Away Team Goals"]}
    skaters = {"home": cells["Home Team Skaters"], "away": cells["Away Team Skaters"]}
    situation = f"{skaters[side]} on {skaters[other]}"
    is_goal = cells["Event"] == "Goal"
    if int(seconds) % 20 == 7:  # some rows of real files have the goals of the teams swapped
        goals[side], goals[other] = goals[other], goals[side]
    return [
        f"{int(day)}/{int(month)}/{year}", year, game.teams[side], game.teams[other], side, cells["Period"],
        int(minutes) * 60 + int(seconds), situation, goals[side], goals[other], cells["Player"],
        "Shot" if is_goal else cells["Event"], "t" if is_goal else "f", cells["X Coordinate"], cells["Y Coordinate"],
        cells["Detail 1"], cells["Player 2"], cells["X Coordinate 2"], cells["Y Coordinate 2"], cells["Detail 2"],
        cells["Detail 3"], cells["Detail 4"],
    ]  # fmt: skip


def workbook(game: Game) -> bytes:
    """Return the workbook: one row per player and event, one row per stint, and points on separate sheets."""
    events, puck, people = [], [], []
    for event in game.events:
        index = event["idx"] + 1000
        about = {
            "game_id": str(game.game_id),
            "home_team": game.teams["home"],
            "away_team": game.teams["away"],
            "event_index": index,
            "period": event["period"],
            "event_type_": event["type"],
            "event_detail_": event["detail1"],
            "event_detail_2_": event["detail2"],
            "event_successful_": {None: "", True: "s", False: "u"}[event["success"]],
            "event_team_zone_": event["zone"],
            **_minutes("event_start", event["start_time"]),
            **_minutes("event_end", event["end_time"]),
            "assist_to_goal_index": "" if event["assistToGoalIdx"] is None else event["assistToGoalIdx"] + 1000,
            "is_highlight": int(event["isHighlight"]),
        }
        for slot, point in enumerate(event["puckXY"]):
            puck.append({"event_index": index, "xy_slot": slot + 1, "x": point["x"], "y": point["y"]})
        for player in event["players"] or [{}]:
            events.append(about | _workbook_player(event, player))
            for slot, point in enumerate(player.get("xy", ())):
                place = {"event_index": index, "player_role": player["role"], "xy_slot": slot + 1}
                people.append(place | {"x": point["x"], "y": point["y"]})
    sheets = {
        "metadata": [
            {
                "game_id": str(game.game_id),
                "home_team": game.teams["home"],
                "away_team": game.teams["away"],
                "period_length_minutes": game.lengths["1"],
                "home_attacks_right_p1": 1,
                "export_timestamp": START.isoformat(),
            }
        ],
        "events": events,
        "shifts": [_workbook_stint(number, stint) for number, stint in enumerate(game.stints)],
        "video": [],
        "xy_puck": puck,
        "xy_player": people,
        "video_timing": [],
    }
    return xlsx(sheets)


def _workbook_player(event: dict[str, Any], player: dict[str, Any]) -> dict[str, Any]:
    if not player:
        return {"team_": event["team"][0]}
    return {
        "team_": player["team"][0],
        "player_game_number_": player["num"],
        "player_name": player["name"],
        "player_role": player["role"],
        "play_detail1_": player["playD1"],
        "play_detail_2": player["playD2"],
        "side_of_puck_": player["sideOfPuck"],
    }


def _workbook_stint(number: int, stint: dict[str, Any]) -> dict[str, Any]:
    names = ("forward_1", "forward_2", "forward_3", "defense_1", "defense_2", "goalie", "xtra")
    return {
        "shift_index": number + 1,
        "Period": stint["period"],
        **_minutes("shift_start", stint["start_time"]),
        **_minutes("shift_end", stint["end_time"]),
        "shift_start_type": stint["start_type"],
        "shift_stop_type": stint["stop_type"],
        "shift_duration": stint["duration"],
        "stoppage_time": stint["stoppageTime"],
        **{
            f"{side}_{name}": stint[side][slot]["num"] if stint[side][slot] else None
            for side in OTHER
            for slot, name in zip((*SKATERS, "G", "X"), names, strict=True)
        },
    }


def _minutes(what: str, written: str) -> dict[str, Any]:
    minutes, _, seconds = written.partition(":")
    return {f"{what}_min": int(minutes), f"{what}_sec": int(seconds)} if written else {}


def xlsx(sheets: dict[str, list[dict[str, Any]]]) -> bytes:
    """Return a workbook that contains only values."""
    packed = io.BytesIO()
    main = f"{_SCHEMAS}/spreadsheetml/2006/main"
    office = f"{_SCHEMAS}/officeDocument/2006/relationships"
    package = f"{_SCHEMAS}/package/2006"
    numbered = list(enumerate(sheets, start=1))
    parts = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_SHEET}"/>' for n, _ in numbered)
    named = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>' for n, name in numbered)
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Default Extension="rels" ContentType="{_RELS}"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_BOOK}"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{targets}</Relationships>',
    }
    for number, name in numbered:
        rows = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in _rows(sheets[name]))
        sheet = f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
        files[f"xl/worksheets/sheet{number}.xml"] = sheet
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # ZipInfo has a fixed time
    return packed.getvalue()


def _rows(records: list[dict[str, Any]]) -> list[list[Any]]:
    columns = list(dict.fromkeys(column for record in records for column in record))
    return [columns, *([record.get(column) for column in columns] for record in records)] if columns else []


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"
