"""Do with SQLAlchemy the things that Superset does with a database: list, describe, read and try to write.

Arguments: the URI and the pool settings of the page. Prints the results as JSON.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

engine = sa.create_engine(sys.argv[1], **json.loads(sys.argv[2])["engine_params"])
inspector = sa.inspect(engine)


def read(number: int) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text("select count(*) from fact_team_game, pg_sleep(0.2)")).scalar())


with ThreadPoolExecutor(12) as threads:
    counts = list(threads.map(read, range(12)))
try:
    engine.execute(sa.text("delete from fact_team_game"))
    refused = ""
except sa.exc.DBAPIError as e:
    refused = e.orig.pgcode
columns = {column["name"]: column for column in inspector.get_columns("fact_team_game", schema="marts")}
result = {
    "tables": inspector.get_table_names(schema="marts"), "views": inspector.get_view_names(schema="marts"),
    "comment": columns["played_on"]["comment"], "type": str(columns["played_on"]["type"]),
    "key": inspector.get_pk_constraint("fact_team_game", schema="marts")["constrained_columns"],
    "counts": counts, "refused": refused,
}  # fmt: skip
print(json.dumps(result))  # noqa: T201
