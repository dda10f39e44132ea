"""Count a Game into the columns of BookGame.truth. It shares no code with the readers.

    assert differences(book, game) == []

Players are identified by their id in the source or, for a format without ids, by their jersey (`by="jersey"`).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

OTHER = {"home": "away", "away": "home"}
MARKS = {"AssistPrimary": "first_assists", "AssistSecondary": "second_assists", "Plus": "plus", "Minus": "minus"}
MINUTES_OF_CLASS = {"Penalty_Minor": 2, "Penalty_DoubleMinor": 4, "Penalty_Major": 5, "Penalty_Misconduct": 10}
# Columns that cannot be counted when the source lacks something. In a source without ice time, the time of goalies is
# compared separately (see differences).
LACKING = {
    "assists": {"first_assists", "second_assists", "assists", "points"},
    "blocks": {"blocks"},
    "faceoffs": {"faceoffs_won", "faceoffs_lost"},
    "giveaways": {"giveaways"},
    "goalies": {"shots_against", "saves", "goals_against"},
    "hits": {"hits"},
    "ice_time": {"seconds", "shifts"},
    "penalty_minutes": {"penalty_minutes"},
    "plus_minus": {"plus", "minus", "plus_minus"},
    "saves": {"saves", "shots_against"},
    "strength": {"power_play_goals", "short_handed_goals", "power_plays"},
    "takeaways": {"takeaways"},
}


@dataclass
class Book:
    """Figures by player (side and id or jersey, as text), by side, and by side and period."""

    players: dict = field(default_factory=lambda: defaultdict(Counter))
    teams: dict = field(default_factory=lambda: {"home": Counter(), "away": Counter()})
    periods: dict = field(default_factory=lambda: {"home": Counter(), "away": Counter()})
    score: Counter = field(default_factory=Counter)


def count(game, by="person_key"):
    """Count the events and stints of a Game."""
    book = Book()
    scored, shots_of_goals = [], Counter()
    attempts = Counter()
    for event in game.events:
        action = event.action
        if action.side is None:
            continue
        kind, detail, team = action.type, action.detail1, book.teams[action.side]
        people = {(person.role, person.role_no): (person.side, getattr(person, by)) for person in event.participants}
        first, opponent = people.get(("event", 1)), people.get(("opp", 1))
        for person in event.participants:
            if person.detail1 in MARKS:
                book.players[person.side, getattr(person, by)][MARKS[person.detail1]] += 1
        if kind == "Goal" and detail == "Goal_Scored":
            scored.append((event, first))
            book.periods[action.side][event.period] += 1
            _add(book, first, "goals")
            _add(book, opponent, "goals_against", "shots_against")
            team.update(
                goals=1,
                shots_on_goal=1,
                power_play_goals=action.strength == "power_play",
                short_handed_goals=action.strength == "short_handed",
                empty_net_goals=action.is_empty_net is True,
            )
        elif kind == "Shot" and detail == "Shot_Goal":
            shots_of_goals[event.period, event.start_s, action.side] += 1
            _add(book, first, "shots_on_goal")
        elif kind == "Shot" and "OnNet" in detail:
            _add(book, first, "shots_on_goal")
            team["shots_on_goal"] += 1
        elif kind == "Shot" and detail == "Shot_Blocked":
            _add(book, opponent, "blocks")
        elif kind == "Save":
            _add(book, first, "saves", "shots_against")
        elif kind == "Faceoff":
            _add(book, first, "faceoffs_won")
            _add(book, opponent, "faceoffs_lost")
            team["faceoffs_won"] += 1
        elif kind == "Hit":
            _add(book, first, "hits")
            team["hits"] += 1
        elif kind == "Turnover":
            column = {"Turnover_Giveaway": "giveaways", "Turnover_Takeaway": "takeaways"}[detail]
            _add(book, first, column)
            team[column] += 1
        elif kind == "Penalty":
            minutes = MINUTES_OF_CLASS[detail] if action.minutes is None else action.minutes
            if first:
                book.players[first]["penalty_minutes"] += minutes
            team.update(penalty_minutes=minutes, penalties=1)
            book.teams[OTHER[action.side]]["power_plays"] += action.gives_power_play is True
        elif kind == "Shootout":
            attempts[action.side] += detail == "Shootout_Goal"
    for event, scorer in scored:  # a goal without the shot that led to it is a shot too
        place = event.period, event.start_s, event.action.side
        if shots_of_goals[place]:
            shots_of_goals[place] -= 1
        else:
            _add(book, scorer, "shots_on_goal")
    _count_ice(game, book, by)
    _sum_up(book, attempts)
    return book


def truth_of(book_game, by="person_key"):
    """Return the truth of a BookGame in the same form."""
    book, truth = Book(), book_game.truth
    written = {
        (side, player.id): str(player.id) if by == "person_key" else player.jersey
        for side in OTHER
        for player in book_game.team(side).players
    }
    for (side, player), columns in truth.players.items():
        book.players[side, written[side, player]] = Counter(columns)
    book.teams, book.score = truth.teams, Counter(truth.score)
    book.periods = {side: Counter(goals) for side, goals in truth.periods.items()}
    return book


def differences(book_game, game, by="person_key", without=()):
    """Return a line for each figure of the Game that differs from the truth of the BookGame.

    Columns that the source lacks, and those in `without`, are not compared. In a source without ice time, the seconds
    of goalies are compared unless the Game has no stints.
    """
    left_out = set(without).union(*(LACKING.get(name, set()) for name in game.lacks))
    counted, truth = count(game, by), truth_of(book_game, by)
    goalies = {
        (side, str(goalie.id) if by == "person_key" else goalie.jersey)
        for side in OTHER
        for goalie in book_game.team(side).of("G")
    }
    found = []
    for player in sorted(set(counted.players) | set(truth.players), key=str):
        found += _lines(player, counted.players[player], truth.players[player], left_out)
        if (
            player in goalies
            and "ice_time" in game.lacks
            and "goalie_time" not in game.lacks
            and game.stints
            and "seconds" not in without
        ):
            seconds = ({"seconds": book.players[player]["seconds"]} for book in (counted, truth))
            found += _lines(player, *seconds, set())
    for side in OTHER:
        found += _lines(side, counted.teams[side], truth.teams[side], left_out)
        found += _lines(f"{side} periods", counted.periods[side], truth.periods[side], set())
        found += _lines(f"{side} score", {"score": counted.score[side]}, {"score": truth.score[side]}, left_out)
    return found


def _add(book, player, *columns):
    if player:
        book.players[player].update(dict.fromkeys(columns, 1))


def _count_ice(game, book, by):
    last = {}  # by player: the number and period of the last stint
    for stint in game.stints:
        for player in stint.on_ice:
            key = player.side, getattr(player, by)
            book.players[key]["seconds"] += int(stint.start_s - stint.end_s)
            book.players[key]["shifts"] += last.get(key) != (stint.stint_no - 1, stint.period)
            last[key] = stint.stint_no, stint.period


def _sum_up(book, attempts):
    for (side, _), columns in book.players.items():
        columns["assists"] = columns["first_assists"] + columns["second_assists"]
        columns["points"] = columns["goals"] + columns["assists"]
        columns["plus_minus"] = columns["plus"] - columns["minus"]
        if side:
            for column in ("assists", "blocks", "saves"):
                book.teams[side][column] += columns[column]
    for side, other in OTHER.items():
        book.score[side] = book.teams[side]["goals"] + (attempts[side] > attempts[other])
    for side, other in OTHER.items():
        book.teams[side].update(
            score_for=book.score[side],
            score_against=book.score[other],
            goals_against=book.teams[other]["goals"],
            faceoffs_lost=book.teams[other]["faceoffs_won"],
            shots_against=book.teams[other]["shots_on_goal"],
        )


def _lines(label, counted, truth, left_out):
    columns = (set(counted) | set(truth)) - left_out
    return [
        f"{label} {column}: {counted.get(column, 0)} counted, {truth.get(column, 0)} in the book"
        for column in sorted(columns, key=str)
        if counted.get(column, 0) != truth.get(column, 0)
    ]
