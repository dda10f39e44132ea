"""The real Prometheus and postgres_exporter take the configurations, and an alert fires when a partition is missing."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from stanchion.ops.monitoring import dashboard, exporter
from tests.ops.test_metrics import drop_a_partition, parsed, served
from tests.provided import provide
from tests.sessions import Db

Run = Callable[..., Any]

pytestmark = [pytest.mark.slow, pytest.mark.debian]


@contextmanager
def running(folder: Path, *program: object, **environment: str) -> Iterator[None]:
    """Run a program whose output goes to a file, and kill it at the end."""
    with (folder / "log").open("w") as log, subprocess.Popen(
        [str(part) for part in program], stdout=log, stderr=subprocess.STDOUT, env=os.environ | environment
    ) as process:  # fmt: skip
        try:
            yield
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def answer(url: str) -> httpx.Response:
    """Return the first answer of a server. While it starts, it refuses connections or answers 503."""
    until = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url, timeout=30).raise_for_status()
        except (httpx.TransportError, httpx.HTTPStatusError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_alert_fires_in_prometheus(db: Db, tenants: dict[str, str], dsn: str, call: Run, tmp_path: Path) -> None:
    promtool = Path(provide("debian-program", "prometheus")).with_name("promtool")
    written = call("metrics", "--config", "rules")
    assert written.code == 0, written.err
    rules = tmp_path / "rules.yml"
    rules.write_text(written.out.replace("for: 2m", "for: 0s"))
    checked = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(yaml.safe_load(written.out)["groups"][0]["rules"]) > 25
    port, configuration = free_port(), tmp_path / "prometheus.yml"
    with served(dsn) as (url, process):
        configuration.write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [str(rules)],
                    "scrape_configs": [
                        {
                            "job_name": "stanchion",
                            "static_configs": [{"targets": [re.sub("http://|/metrics", "", url)]}],
                        }
                    ],
                }
            )
        )
        api = f"http://127.0.0.1:{port}/api/v1"
        with running(
            tmp_path, promtool.with_name("prometheus"), f"--config.file={configuration}",
            f"--storage.tsdb.path={tmp_path}/tsdb", f"--web.listen-address=127.0.0.1:{port}",
        ):  # fmt: skip

            def firing() -> set[tuple[str, str]]:
                alerts = answer(f"{api}/alerts").json().get("data", {"alerts": []})["alerts"]
                return {
                    (each["labels"]["alertname"], each["labels"]["severity"])
                    for each in alerts
                    if each["state"] == "firing"
                }

            def wait_until(condition: Callable[[], object]) -> None:
                until = time.monotonic() + 90
                while not condition():
                    assert time.monotonic() < until, firing()
                    time.sleep(0.5)

            scraped = f"{api}/query?query=stanchion_up"
            wait_until(lambda: answer(scraped).json().get("data", {}).get("result"))
            missing, down = ("StanchionPartitionsAhead", "high"), ("StanchionDown", "critical")
            assert missing not in firing()
            drop_a_partition(db)
            wait_until(lambda: missing in firing() and down not in firing())
            process.kill()
            wait_until(lambda: down in firing())


def test_postgres_exporter_has_the_same_metrics(
    db: Db, tenants: dict[str, str], dsn: str, call: Run, tmp_path: Path
) -> None:
    program = provide("debian-program", "prometheus-postgres-exporter")
    file, port = tmp_path / "queries.yml", free_port()
    file.write_text(exporter())
    drop_a_partition(db)
    call("stats", "refresh")
    ours = parsed(call("metrics").out)
    with running(
        tmp_path, program, f"--extend.query-path={file}", f"--web.listen-address=127.0.0.1:{port}",
        "--disable-default-metrics", "--disable-settings-metrics", DATA_SOURCE_NAME=with_ssl_off(dsn),
    ):  # fmt: skip
        text = answer(f"http://127.0.0.1:{port}/metrics").text
    theirs = {(name, labels): value for name, labels, value in samples(text) if name.startswith("stanchion_")}
    of_time = ("seconds", "active", "idle", "size_bytes", "transaction")
    # the exporter lacks the check of the disk, and the severities that a check does not have
    expected = {key: value for key, value in ours.items() if key[0] not in ("up", "alert_count")}
    expected |= {key: value for key, value in ours.items() if key[0] == "alert_count" and value}
    for (name, labels), value in expected.items():
        found = theirs[f"stanchion_{name}", labels]
        assert name.endswith(of_time) or found == value, (name, labels, found, value)
    assert any(name == "alert_count" and value for (name, _), value in expected.items())


def with_ssl_off(dsn: str) -> str:
    """Return the connection string in the form of the exporter's driver."""
    return f"{dsn} sslmode=disable" if "sslmode" not in dsn else dsn


def samples(text: str) -> Iterator[tuple[str, frozenset[tuple[str, str]], float]]:
    """Yield the samples of the older text format, without the label of the server."""
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield (
                sample.name,
                frozenset(sample.labels.items() - {("server", sample.labels.get("server"))}),
                sample.value,
            )


def test_each_panel_asks_for_a_metric_that_exists(db: Db, tenants: dict[str, str], call: Run) -> None:
    names = {line.split()[2] for line in call("metrics").out.splitlines() if line.startswith("# TYPE")}
    panels = json.loads(dashboard())["panels"]
    asked = {re.findall(r"stanchion_\w+", target["expr"])[0] for panel in panels for target in panel["targets"]}
    assert asked == names
    assert len({panel["id"] for panel in panels}) == len(panels) == len({str(panel["gridPos"]) for panel in panels})
