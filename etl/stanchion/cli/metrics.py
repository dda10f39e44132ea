"""metrics: numbers of the database for Prometheus."""

from pathlib import Path

import click
import psycopg

from stanchion.cli.errors import sentence
from stanchion.cli.options import data_of, database_option, open_server, until_signal
from stanchion.cli.output import note, printable
from stanchion.errors import StanchionError
from stanchion.ops.doctor import watch
from stanchion.ops.metrics import DOWN, collect, openmetrics
from stanchion.ops.monitoring import dashboard, exporter, rules
from stanchion.ops.scrape import ADDRESS, PATH, serving
from stanchion.replacing import replacing
from stanchion.server.connection import connect
from stanchion.server.locate import Server


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to replace, for node_exporter.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help=f"Serve on this port of {ADDRESS} until SIGTERM; 0 chooses one."
)
@click.option(
    "--config",
    type=click.Choice(["rules", "exporter", "dashboard"]),
    help="Print alert rules of Prometheus, queries of postgres_exporter, or a dashboard of Grafana instead.",
)
@database_option
def metrics(out: Path | None, port: int | None, config: str | None) -> None:
    """Print metrics of the database for Prometheus.

    The text has the format OpenMetrics: connections, jobs, partitions, replication, sizes, the age of the marts, and
    the alerts of the quick checks of stanchion doctor. stanchion_up is 0 when the database does not answer.

    \b
    Example:
        stanchion metrics
        stanchion metrics --out /var/lib/prometheus/node-exporter/stanchion.prom
        stanchion metrics --port 9187
        stanchion metrics --config rules > /etc/prometheus/rules/stanchion.yml
    """
    if sum((out is not None, port is not None, config is not None)) > 1:
        raise click.UsageError("--out, --port and --config exclude each other.")
    if config == "exporter":
        click.echo(exporter(), nl=False)
        return
    if config == "dashboard":
        click.echo(dashboard())
        return
    if out:
        _write(out)
        return
    with open_server() as server:
        if config == "rules":
            with connect(server) as conn:
                click.echo(rules(watch(conn, data_of(server))), nl=False)
            return
        if port is None:
            click.echo(_text(server), nl=False)
            return
        with until_signal() as stop, serving(port, lambda: _text_or_down(server)) as chosen:
            note(f"serving http://{ADDRESS}:{chosen}{PATH}")
            while not stop.wait(3600):
                pass


def _write(out: Path) -> None:
    """Replace the file. Without an answer of the database, the file has stanchion_up 0, and the command fails."""
    failure = None
    try:
        with open_server() as server:
            text = _text(server)
    except (StanchionError, psycopg.Error) as e:
        failure, text = e, openmetrics([DOWN])
    with replacing(out) as path:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)  # node_exporter has a login of its own
    if failure:
        raise failure


def _text(server: Server) -> str:
    with connect(server) as conn:
        return openmetrics(collect(conn, data_of(server)))


def _text_or_down(server: Server) -> str:
    try:
        return _text(server)
    except (StanchionError, psycopg.Error) as e:
        note(printable(sentence(e)))
        return openmetrics([DOWN])
