"""The statements that write the rows of a game by game day: staged, published, moved to another day, removed."""

from psycopg import sql

from etl.loading.copytext import COLUMNS


def _each(statement: str) -> dict[str, sql.Composed]:
    return {
        name: sql.SQL(statement).format(
            table=sql.Identifier("contest", name),
            stage=sql.Identifier("pg_temp", f"stage_{name}"),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
        for name, columns in COLUMNS.items()
    }


# COPY itself is refused under row level security, so rows go into temporary tables first
MAKE_STAGE = _each("create temporary table {stage} on commit delete rows as select {columns} from {table} where false")
COPY = _each("copy {stage} ({columns}) from stdin")
PUBLISH = _each(
    "insert into {table} (tenant_id, played_on, game_key, {columns}) "
    "select %(tenant)s, %(day)s, %(game)s, {columns} from {stage}"
)
MOVE = _each(
    "insert into {table} (tenant_id, played_on, game_key, {columns}) "
    "select tenant_id, %(new_day)s, game_key, {columns} from {table} "
    "where tenant_id = %(tenant)s and played_on = %(day)s and game_key = %(game)s"
)
REMOVE = _each("delete from {table} where tenant_id = %(tenant)s and played_on = %(day)s and game_key = %(game)s")
