"""The statements that write the rows of a game by game day: published, moved to another day, removed."""

from psycopg import sql

from stanchion.ingest.reading.rowtext import COLUMNS


def _each(statement: str) -> dict[str, str]:
    return {
        name: sql.SQL(statement)
        .format(
            table=sql.Identifier("contest", name),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
        .as_string()
        for name, columns in COLUMNS.items()
    }


# COPY itself is refused under row level security
PUBLISH = _each(
    "insert into {table} (tenant_id, played_on, game_key, {columns}) "
    "select %(tenant)s, %(day)s, %(game)s, {columns} from unnest(%(rows)s::{table}[])"
)
MOVE = _each(
    "insert into {table} (tenant_id, played_on, game_key, {columns}) "
    "select tenant_id, %(new_day)s, game_key, {columns} from {table} "
    "where tenant_id = %(tenant)s and played_on = %(day)s and game_key = %(game)s"
)
REMOVE = _each("delete from {table} where tenant_id = %(tenant)s and played_on = %(day)s and game_key = %(game)s")
