"""How far the marts equal the official figures in the sources of games, read from the marts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg.rows import dict_row

from stanchion.paths import query
from stanchion.server.connection import Connection, value

Row = dict[str, Any]
SHOWN = 5  # differences that a text lists


@dataclass
class Agreement:
    """The official figures of one game, compared with the marts."""

    cells: int = 0
    equal_cells: int = 0
    columns: list[Row] = field(default_factory=list)  # cells and equal_cells by scope and name
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return a text such as '9 of 10 cells equal; 1 differs: goals home #17: 3 official, 2 counted'."""
        text = f"{self.equal_cells:,} of {self.cells:,} cells equal"
        if not self.differences:
            return text
        more = len(self.differences) - SHOWN
        shown = "; ".join(self.differences[:SHOWN]) + (f"; and {more:,} more" if more > 0 else "")
        return f"{text}; {len(self.differences):,} {'differs' if len(self.differences) == 1 else 'differ'}: {shown}"


def agreements(rows: Callable[[str], list[Row]]) -> dict[str, Agreement]:
    """Return the agreement of each game with official figures. `rows` runs the query of this name for a tenant."""
    found: dict[str, Agreement] = {}
    for row in rows("agreement"):
        game = found.setdefault(row.pop("game_key"), Agreement())
        game.cells += row["cells"]
        game.equal_cells += row["equal_cells"]
        game.columns.append(row)
    for row in rows("differences"):
        found[row["game_key"]].differences.append(_difference(row))
    return found


def read_agreements(conn: Connection, tenant_id: Any) -> dict[str, Agreement]:
    """Return the agreement of each game of a tenant; nothing when this login cannot read marts or none is built."""
    with conn.transaction():
        # the role of the connection may be the loader, which cannot read marts
        if not value(conn, "select pg_has_role(session_user, 'stanchion_builder', 'member')"):
            return {}
        conn.execute("set local role stanchion_builder")
        if not value(conn, "select to_regclass('marts.fact_official_agreement') is not null"):
            return {}
        cursor = conn.cursor(row_factory=dict_row)
        return agreements(lambda name: cursor.execute(query("report", name).encode(), {"tenant": tenant_id}).fetchall())


def _difference(row: Row) -> str:
    who = row["side"]
    if row["scope"] == "period":
        who += f" period {row['period']}"
    elif row["player_key"]:
        who += f" {row['player_key']}" if row["player_key"].startswith("id:") else f" #{row['player_key']}"
    counted = "none" if row["counted_value"] is None else row["counted_value"]
    return f"{row['name']} {who}: {row['official_value']} official, {counted} counted"
