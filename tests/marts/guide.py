"""Write docs/marts, the guide for analysts: one page per topic, with the marts and the answers to example questions.

`make docs` runs this module. It builds the leagues of the demo on a throw-away server and answers each question of
docs/marts/questions with the login of an analyst. It also writes the pictures of the README and dbt's own site.
"""

import json
import os
import re
import shutil
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from stanchion.access.analysts import add_analyst
from stanchion.cli.demo import LEAGUES, add_leagues, load_league
from stanchion.contest.rules import PRESETS
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.marts import build
from stanchion.marts.dbt import invoke
from stanchion.marts.project import target
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server.connection import connect
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server
from tests.marts.parsed import manifest

GUIDE = ROOT / "docs" / "marts"
QUESTIONS = GUIDE / "questions"  # MART.sql: five statements or more, each below a comment with the question
ROWS = 6
ANALYST = "guide"


@dataclass(frozen=True)
class Topic:
    """A page of the guide."""

    name: str
    title: str
    question: str
    start: str
    marts: tuple[str, ...]
    more: str = ""  # a section after the list of marts


OVERTIME = """
## Overtime, shootouts and points

- `result` in `fact_team_game` is W, L, T, OTL for a loss in overtime, or SOL for a loss in a shootout. `is_overtime` or
  `is_shootout` is true for both teams of such a game.
- The team that wins a shootout has one goal more in `score_for`. This goal is in no period, and in the `goals` of no
  team and no player. `fact_game_quality.shootout_side` is the side that won. Where the source does not record
  shootouts, it is the side that is one goal ahead in the official score of a level game.
- In `standings`, `games` is the sum of `wins`, `losses`, `ties`, `overtime_losses` and `shootout_losses`.
  `regular_wins` are the wins in the regular periods.
- A win gives `points_win`, and in the regular periods also `points_regular_win`. A loss in overtime or in a shootout
  gives `points_overtime_loss`. An operator sets these numbers, one by one or with
  `stanchion tenant config harbour --rules nhl`:

| rules | win | win in the regular periods | loss in overtime or a shootout | loss | tie |
| --- | --- | --- | --- | --- | --- |
{rules}
"""


def _points(name: str, rules: dict[str, int]) -> str:
    """Return a row with the points that the rules of a kind of league give."""
    win, regular, overtime_loss, loss, tie = (
        rules[f"contest.points_{result}"] for result in ("win", "regular_win", "overtime_loss", "loss", "tie")
    )
    return f"| `{name}` | {win} | {win + regular} | {overtime_loss} | {loss} | {tie} |"


TOPICS = (
    Topic(
        "standings",
        "Standings and teams",
        "Which team leads, by how many points, and how did it get there?",
        "Start with `standings`. `fact_team_season` has the totals behind it, `fact_team_game` the single games, and "
        "`dim_league_rules` the points for a win, a tie and a loss.",
        (
            "standings",
            "head_to_head",
            "fact_team_season",
            "fact_team_game",
            "dim_team",
            "dim_season",
            "dim_league_rules",
        ),
        OVERTIME.format(rules="\n".join(_points(name, rules) for name, rules in PRESETS.items())),
    ),
    Topic(
        "players",
        "Players",
        "Who scores, who sets up the goals, and who is on the ice when it matters?",
        "Start with `fact_player_season` for leaders and with `fact_player_game` for a box score. `dim_person` has the "
        "names. `fact_assist`, `fact_pair_game` and `fact_player_stint` go into detail.",
        ("fact_player_season", "fact_player_game", "dim_person", "fact_assist", "fact_pair_game", "fact_player_stint"),
    ),
    Topic(
        "goalies",
        "Goalies",
        "Which goalie stops the largest share of shots, and in which games?",
        "Start with `fact_goalie_season`. `fact_goalie_game` has the single games.",
        ("fact_goalie_season", "fact_goalie_game"),
    ),
    Topic(
        "games",
        "Games and events",
        "How did a game go, minute by minute?",
        "Start with `dim_game` for results and the schedule. `fact_event` has everything that was tracked, "
        "`fact_shot` the shots with their places, and `fact_stint` the time between two player changes.",
        ("dim_game", "fact_event", "fact_shot", "fact_shot_attempt", "fact_stint", "dim_date"),
    ),
    Topic(
        "quality",
        "Data quality",
        "Which games can I trust, and why does a game not count?",
        "Seasons, standings and records include only games that count. A game counts when it is over, and its tracked "
        "score is the official one or an operator accepted it with a reason. Where a source contains official figures, "
        "`fact_official_agreement` counts those that the marts equal, and `fact_official_difference` lists the others.",
        ("fact_game_quality", "fact_official_agreement", "fact_official_difference"),
    ),
    Topic(
        "live",
        "Competitions with live scores",
        "Who leads a cup, and what is the record of a team or a person over all cups?",
        "These marts contain the competitions whose scores come from an application ([live scores](../live.md)) "
        "instead of a tracker. Start with `leaderboard_history` for standings and with `fact_competition_game` for "
        "single results.",
        (
            "leaderboard_history",
            "fact_competition_game",
            "competition_head_to_head",
            "team_record",
            "player_record",
            "dim_competition_player",
        ),
    ),
    Topic(
        "shop",
        "Shop",
        "Which items sell, how long will the stock last, and what did a stockout cost?",
        "Start with `item_velocity` for the days that the stock will last. `fact_purchase_day` has sales and "
        "deliveries, `stockouts` the times without stock. [A shop](../stock.md) describes where the rows come from.",
        ("item_velocity", "fact_purchase_day", "stockouts", "fact_stockout_day", "dim_item"),
    ),
    Topic(
        "workspace",
        "Members and usage",
        "How large is each tenant, which features does it use, and how much does that cost?",
        "Start with `tenant_stats_mart` for a row per tenant. `usage_month` and `fact_usage_day` have the usage over "
        "time. [Members, plans and usage](../workspace.md) describes where the rows come from.",
        ("tenant_stats_mart", "usage_month", "fact_usage_day"),
    ),
)

INDEX = """# The marts

> How do I get answers with SQL or a BI tool?

Connect with your own database login, which an operator creates with `stanchion analyst add`, and query the schema
`marts`. Row-level security shows the tenants that were granted to your login, and no others.

Every page starts with the question of its topic. Each example was run on the leagues of `stanchion demo`, as an analyst
who reads Harbour League.

{topics}

## Rules for all marts

- `tenant_id` is the tenant that owns a row. When your login reads several tenants, group by it or filter by it, and
  join on it.
- Shares are between 0 and 1. A share is null when there is nothing to divide by.
- A null is a figure that the source of the game does not record. A 0 is a figure that it records.
- The game type `All` contains `Regular` and `Playoffs`. Filter by one `game_type`, or totals count twice.
- Seasons, standings and records include only games that count. [Data quality](quality.md) lists the other games with
  the reason.
- `core.stat_refresh` contains the time at which each mart was last brought up to date.
- Each number is defined once, in the dbt model of its mart (`dbt_project/models/marts`). `make docs` also writes
  dbt's own site, with the lineage, to `build/docs/index.html`.

## What a source does not record

Each [format](../formats/README.md) of games records other things. A column is null for a game whose source does not
record it:

| not recorded | null columns |
| --- | --- |
| assists | `assists`, `first_assists`, `second_assists`, `points`; `assists_without_goal` of a game |
| places of shots | `x`, `y`, `distance`, `angle` and `xg` of shots; every column of expected goals |
| ice time | `seconds`, `net_seconds`, `stints` and `shifts` of skaters; `seconds` of teams; `coverage` of a game |
| players on the ice | `goals_for_on`, `goals_against_on`, `plus_minus_all`; `power_play_seconds` of teams |
| players on the ice | `short_handed_seconds` of teams; players, skaters and `strength` of a stint |
| players on the ice or missed shots | `corsi_for` and `corsi_against` of players |
| plus and minus | `plus`, `minus`, `plus_minus` |
| missed shots | `shots`, `shots_missed`, `fenwick_for`; `corsi_for` and `corsi_against` of teams |
| strength at a goal | `power_play_goals`, `short_handed_goals`, `empty_net_goals` and those against |
| the goalie in net | `goals_against`, `shots_against`, `seconds`, `decision` and `is_shutout` of goalies |
| saves | `saves`; `shots_against` and `save_share` of goalies |
| faceoffs, hits, blocks, giveaways, takeaways, passes, penalty minutes | the columns of these names |

- The total of a season is the sum over the games in which the figure is recorded. It is null without such a game.
  Per-game figures, rates and shares leave the other games out.
- `count(seconds)` over `fact_player_game` is the number of games in which the ice time is known.
- Write `order by points desc nulls last`: Postgres puts nulls first when it sorts in descending order.
- Do not write `coalesce(assists, 0)`: it turns an unknown number into a wrong one. `sum` and `avg` ignore nulls.

## All marts

{marts}

`make docs` writes these pages. The questions are in `docs/marts/questions`.
"""


def questions(mart: str) -> list[tuple[str, str]]:
    """Return the questions about a mart, each with its statement."""
    text = (QUESTIONS / f"{mart}.sql").read_text(encoding="utf-8")
    found = re.findall(r"^-- (.+)\n((?:(?!-- ).*\n?)+)", text, re.MULTILINE)
    return [(title, statement.strip().rstrip(";")) for title, statement in found]


def table(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows[:ROWS])]
    more = [f"\n... {len(rows) - ROWS} more."] if len(rows) > ROWS else []
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *more])


def _cell(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value).replace("|", "\\|")


def answer(reader: psycopg.Connection[Any], statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run an example; return the names of its columns, and its rows."""
    cursor = reader.execute(statement.encode())
    return [column.name for column in cursor.description or ()], cursor.fetchall()


def page(topic: Topic, models: dict[str, Any], reader: psycopg.Connection[Any]) -> str:
    """Return the page of a topic."""
    start = textwrap.fill(f"{topic.start} [All topics](README.md).", 120, break_on_hyphens=False)
    parts = [f"# {topic.title}\n\n> {topic.question}\n\n{start}\n"]
    parts += [f"- [`{name}`](#{name}): {models[name]['description']}" for name in topic.marts]
    parts += [topic.more.rstrip()] if topic.more else []
    for name in topic.marts:
        model = models[name]
        parts.append(f"\n## {name}\n\n{model['description']}")
        for title, statement in questions(name):
            parts += [f"\n### {title}\n", f"```sql\n{statement};\n```\n", table(*answer(reader, statement))]
        parts += [f"\n### Columns of {name}\n", "| column | type | description |", "| --- | --- | --- |"]
        parts += [f"| `{c['name']}` | {c['data_type']} | {c['description']} |" for c in model["columns"].values()]
    return "\n".join(parts) + "\n"


def index(models: dict[str, Any]) -> str:
    """Return the index of the guide."""
    topics = ["| question | page | first mart |", "| --- | --- | --- |"]
    topics += [
        f"| {topic.question} | [{topic.title}]({topic.name}.md) | "
        f"[`{topic.marts[0]}`]({topic.name}.md#{topic.marts[0]}) |"
        for topic in TOPICS
    ]
    pages = {name: topic.name for topic in TOPICS for name in topic.marts}
    marts = ["| mart | rows |", "| --- | --- |"]
    marts += [f"| [`{name}`]({pages[name]}.md#{name}) | {models[name]['description']} |" for name in sorted(pages)]
    return INDEX.format(topics="\n".join(topics), marts="\n".join(marts))


def guide(server: Server, analyst: str) -> dict[Path, str]:
    """Return the text of every page."""
    models = {
        node["name"]: node
        for node in manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    with psycopg.connect(analyst, autocommit=True) as reader:
        reader.execute("set timezone = 'UTC'")
        pages = {GUIDE / f"{topic.name}.md": page(topic, models, reader) for topic in TOPICS}
    return {GUIDE / "README.md": index(models), **pages}


@contextmanager
def built() -> Iterator[tuple[Server, str]]:
    """Build the demo on a throw-away server; yield the server, and the DSN of an analyst who reads Harbour League."""
    folder = Path(tempfile.mkdtemp(prefix="stanchion-guide-"))
    folder.chmod(0o755)
    embedded = Embedded(folder / "home", fast=True)
    try:
        with embedded:
            server = Server(embedded.dsn(), "embedded", embedded=True, description="throw-away")
            with connect(server) as conn:
                deploy(conn, plan_deploy(conn, discover(ROOT)), lambda _: None)
            yield server, fill(server)
    finally:
        embedded.purge()
        shutil.rmtree(folder, ignore_errors=True)


def fill(server: Server, slugs: Iterable[str] = LEAGUES) -> str:
    """Build the demo in a deployed database; return the DSN of an analyst who reads Harbour League.

    Only the leagues in `slugs` get games.
    """
    with connect(server) as conn:
        conn.execute(Path(__file__).with_name("guide_clock.sql").read_bytes())
        make_due_partitions(conn)
        add_leagues(conn)
        for slug in slugs:
            load_league(server, conn, slug)
        conn.execute(Path(__file__).with_name("guide_seed.sql").read_bytes())
        result = build(server, test=False)
        if result.failed:
            raise SystemExit("\n".join(node.message for node in result.failed))
        password = add_analyst(conn, ANALYST, ["harbour"])
    return make_conninfo(server.dsn, user=ANALYST, password=password)


def write_site(server: Server, place: Path) -> None:
    """Write dbt's own documentation as one file without dependencies."""
    failure = invoke(server, ["docs", "generate", "--static"], {}, lambda event: None)
    if failure:
        raise SystemExit(failure)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(target(server) / "static_index.html", place)


def main() -> None:
    from tests.marts.pictures import write_pictures

    with tempfile.TemporaryDirectory(prefix="stanchion-dbt-") as folder:
        os.environ["DBT_TARGET_PATH"] = folder
        with built() as (server, analyst):
            for path, text in guide(server, analyst).items():
                path.write_text(text, encoding="utf-8")
            write_site(server, ROOT / "build" / "docs" / "index.html")
            write_pictures(server)


if __name__ == "__main__":
    main()
