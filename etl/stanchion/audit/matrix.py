"""The access of each role, read from the database, as Markdown tables."""

from typing import Any

from stanchion.paths import query
from stanchion.server.connection import Connection

_ROLES = {
    "stanchion_app": "application",
    "stanchion_loader": "loader",
    "stanchion_worker": "worker",
    "stanchion_builder": "builder",
    "stanchion_analyst": "analyst",
    "stanchion_owner": "owner",
}


def access_matrix(conn: Connection) -> str:
    """Return two tables, of relations and of functions, with a line for each object and a column for each role."""
    relations = conn.execute(query("audit", "access_to_relations")).fetchall()
    functions = conn.execute(query("audit", "access_to_functions")).fetchall()
    return "\n".join(
        [
            *_table("table or view", relations, list(_ROLES)),
            "",
            *_table("function", functions, [role for role in _ROLES if role != "stanchion_owner"]),
        ]
    )


def _table(title: str, rows: list[tuple[Any, ...]], roles: list[str]) -> list[str]:
    cells = {(target, role): access for target, role, access in rows}
    lines = [_line([title, *(_ROLES[role] for role in roles)]), _line(["---"] * (len(roles) + 1))]
    for target in sorted({target for target, _ in cells}):
        lines.append(_line([f"`{target}`", *(cells.get((target, role), "") for role in roles)]))
    return lines


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
