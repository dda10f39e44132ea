"""Roles, memberships, settings, sequences and rights that every node needs, and how a node gets those it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from stanchion.cluster.nodes import SETTINGS, identifier
from stanchion.cluster.plan import ROLES
from stanchion.paths import query
from stanchion.server.connection import Connection, value


@dataclass(frozen=True)
class Roles:
    """The roles of the coordinator that each node needs."""

    attributes: dict[str, str]  # by name: the options of create role
    members: list[dict[str, Any]]
    settings: list[dict[str, Any]]


def read_roles(conn: Connection) -> Roles:
    """Return the roles of a node, or of the coordinator. Passwords are hashes."""
    attributes = dict(conn.execute(query("cluster", "roles"), {"roles": list(ROLES)}).fetchall())
    names = {"roles": list(attributes)}
    cursor = conn.cursor(row_factory=dict_row)
    members = cursor.execute(query("cluster", "memberships"), names).fetchall()
    return Roles(attributes, members, cursor.execute(query("cluster", "role_settings"), names).fetchall())


def missing_roles(wanted: Roles, have: Roles, database: str) -> list[tuple[str, sql.Composed]]:
    """Return the roles and settings that a node lacks: a name for messages, and the statement that adds it."""
    return list(_missing_roles(wanted, have, database))


def _missing_roles(wanted: Roles, have: Roles, database: str) -> Iterator[tuple[str, sql.Composed]]:
    for name, attributes in wanted.attributes.items():
        if name not in have.attributes:
            yield f"role {name}", sql.SQL("create role {} {}").format(sql.Identifier(name), sql.SQL(attributes))
        elif have.attributes[name] != attributes:
            yield (
                f"attributes of role {name}",
                sql.SQL("alter role {} {}").format(sql.Identifier(name), sql.SQL(attributes)),
            )
    for member in wanted.members:
        if member not in have.members:
            yield f"membership of {member['member']} in {member['role']}", _grant_membership(member)
    for setting in wanted.settings:
        if setting not in have.settings:
            yield f"setting {setting['name']} of role {setting['role']}", _set_role(setting, database)


def _grant_membership(member: dict[str, Any]) -> sql.Composed:
    options = [f"admin {'true' if member['is_admin'] else 'false'}"]
    for option, name in (("inherit", "inherits"), ("set", "can_set")):
        if member[name] is not None:
            options.append(f"{option} {'true' if member[name] else 'false'}")
    one = len(options) == 1
    text = (" with admin option" if member["is_admin"] else "") if one else f" with {', '.join(options)}"
    return sql.SQL("grant {} to {}{}").format(
        sql.Identifier(member["role"]), sql.Identifier(member["member"]), sql.SQL(text)
    )


def _set_role(setting: dict[str, Any], database: str) -> sql.Composed:
    where = sql.SQL(" in database {}").format(sql.Identifier(database)) if setting["of_database"] else sql.SQL("")
    text = sql.SQL(setting["value"]) if setting["is_list"] else sql.Literal(setting["value"])
    return sql.SQL("alter role {}{} set {} = {}").format(
        sql.Identifier(setting["role"]), where, identifier(setting["name"]), text
    )


def missing_settings(conn: Connection) -> list[str]:
    """Return the settings of the database that a node lacks."""
    found = value(conn, query("cluster", "database_settings")) or []
    return [name for name, text in SETTINGS.items() if f"{name}={text}" not in found]


def set_database(conn: Connection, names: Iterable[str]) -> None:
    """Set these settings of SETTINGS in the database."""
    for name in names:
        conn.execute(
            sql.SQL("alter database {} set {} = {}").format(
                sql.Identifier(conn.info.dbname), identifier(name), sql.Literal(SETTINGS[name])
            )
        )


Right = tuple[str, str, str, bool]  # object, privilege, grantee, with grant option


def read_rights(conn: Connection) -> set[Right]:
    """Return the rights on our objects on one node."""
    return set(conn.execute(query("cluster", "grants")).fetchall())


def different_rights(wanted: set[Right], have: set[Right]) -> list[str]:
    """Return the statements that give a node the rights of the coordinator, for objects that the node has."""
    objects = {each[0] for each in have}
    missing = sorted(each for each in wanted - have if each[0] in objects)
    extra = sorted(each for each in have - wanted if each[0] in {name for name, *_ in wanted})
    return [f"revoke {what} on {on} from {who}" for on, what, who, _ in extra] + [
        f"grant {what} on {on} to {who}{' with grant option' if option else ''}" for on, what, who, option in missing
    ]


def default_privileges(conn: Connection) -> None:
    """Withhold new functions of the owner from the public, as module core/0001_ledger does on the coordinator."""
    conn.execute("alter default privileges for role stanchion_owner revoke execute on functions from public")


def stale_numbers(conn: Connection, there: Connection) -> list[tuple[str, int]]:
    """Return the sequences of a node that would repeat numbers of its rows, with the highest number in its range.

    A node that joins again has the range of an earlier node, whose rows exist. The last number of a range is the first
    one of the next node's range.
    """
    found = []
    for table, column, sequence in conn.execute(query("cluster", "numbered_columns")).fetchall():
        have = read_sequences(there, [sequence]).get(sequence)
        if have is None:
            continue
        statement = sql.SQL("select max({0}) from {1} where {0} >= {2} and {0} < {3}")
        row = conn.execute(
            statement.format(sql.Identifier(column), identifier(table), have["min"], have["max"])
        ).fetchone()
        if row and row[0] is not None and (have["last"] or 0) < row[0]:
            found.append((sequence, int(row[0])))
    return found


def create_sequence(conn: Connection, name: str, like: dict[str, Any]) -> None:
    """Create a sequence that each node has on its own, from its value on the coordinator on."""
    conn.execute(
        sql.SQL("create sequence {} as {} increment {} minvalue {} maxvalue {} start {} cache {}").format(
            identifier(name), sql.SQL(like["type"]), *(sql.Literal(like[part]) for part in _PARTS)
        )
    )
    conn.execute(sql.SQL("alter sequence {} owner to stanchion_owner").format(identifier(name)))
    if like["last"] is not None:
        conn.execute("select setval(%s, %s)", [name, like["last"]])


_PARTS = ("increment", "min", "max", "start", "cache")


def read_sequences(conn: Connection, names: list[str]) -> dict[str, dict[str, Any]]:
    """Return the sequences among these names that a node has, with their properties."""
    rows = conn.cursor(row_factory=dict_row).execute(query("cluster", "sequence_properties"), {"names": names})
    return {row["name"]: row for row in rows}
