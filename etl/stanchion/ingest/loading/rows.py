"""Statements that publish, move and remove the rows of a game in the tables partitioned by game day."""

from psycopg import sql

from stanchion.ingest.reading.rowtext import COLUMNS


def _by_table(statement: str) -> dict[str, str]:
    return {
        name: sql.SQL(statement)
        .format(
            table=sql.Identifier("contest", name),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
        .as_string()
        for name, columns in COLUMNS.items()
    }


# INSERT from unnest, because Postgres refuses COPY FROM into a table with row-level security. RETURNING, because Citus
# would otherwise write the rows of a query with COPY. Each statement returns the number of rows.
PUBLISH = _by_table(
    "with written as (insert into {table} (tenant_id, played_on, game_key, {columns}) "
    "select %(tenant)s, %(day)s, %(game)s, {columns} from unnest(%(rows)s::{table}[]) returning 1) "
    "select count(*) from written"
)
MOVE = _by_table(
    "with written as (insert into {table} (tenant_id, played_on, game_key, {columns}) "
    "select tenant_id, %(new_day)s, game_key, {columns} from {table} "
    "where tenant_id = %(tenant)s and played_on = %(day)s and game_key = %(game)s returning 1) "
    "select count(*) from written"
)
# by a function: the loader has no right to delete, which would include locking the table against every tenant
REMOVE = {name: f"select contest.remove_rows('{name}', %(game)s, %(day)s)" for name in COLUMNS}
