"""Assets of Dagster: the loaded exports of a league, every mart, and the site of the season."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import build_dbt_asset_specs

from stanchion.paths import ROOT

LEAGUE = os.environ["LEAGUE"]  # the slug of the tenant
EXPORTS = os.environ["EXPORTS"]  # a folder of exports, or any other path that stanchion load accepts
SITE = os.environ["SITE"]  # the folder of the site
STANCHION = Path(sys.executable).with_name("stanchion")

# The manifest has the descriptions of the marts and which mart reads which. stanchion build runs dbt, not Dagster:
# it holds a lock, computes only the games that changed, and records how far the marts are tested.
TARGET = Path(os.environ["DAGSTER_HOME"], "dbt")
MANIFEST = TARGET / "manifest.json"
if not MANIFEST.exists():
    dbt = [sys.executable, "-m", "dbt.cli.main", "parse", "--project-dir", ROOT, "--profiles-dir", ROOT]
    subprocess.run([*dbt, "--target-path", TARGET, "--log-path", TARGET], check=True)
marts = build_dbt_asset_specs(manifest=MANIFEST, select="fqn:stanchion.marts")


def stanchion(context: dg.AssetExecutionContext, *arguments: str) -> Any:
    """Run a command and return its JSON. An error ends the run with the message of the command."""
    done = subprocess.run([STANCHION, *arguments, "--json"], capture_output=True, text=True, check=False)
    context.log.info(done.stderr)
    if done.returncode:
        raise dg.Failure(f"stanchion {arguments[0]} failed: {done.stderr.strip() or done.stdout[-2000:]}")
    return json.loads(done.stdout)


@dg.asset(group_name="league")
def games(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Games of the league. Files that were loaded before cost nothing."""
    return dg.MaterializeResult(metadata={"load": stanchion(context, "load", EXPORTS, "--tenant", LEAGUE)})


@dg.multi_asset(specs=[spec.merge_attributes(deps=["games"]) for spec in marts])
def build(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Update every mart from the new games, and test the rows that changed."""
    result = stanchion(context, "build")
    nodes = {node["name"].removeprefix("marts."): node for node in result["nodes"] if node["kind"] == "model"}
    reads = {spec.key: [dep.asset_key for dep in spec.deps] for spec in marts}
    for key in TopologicalSorter(reads).static_order():  # Dagster expects a mart after those that it reads
        if key in reads:
            yield dg.MaterializeResult(asset_key=key, metadata=nodes.get(key.path[-1], {"outcome": "unchanged"}))


@dg.asset(group_name="league", deps=[spec.key for spec in marts])
def site(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Pages of the season, of which only those that changed are written."""
    return dg.MaterializeResult(metadata=stanchion(context, "report", "--tenant", LEAGUE, "--out", SITE))


everything = dg.define_asset_job("everything")
nightly = dg.ScheduleDefinition(job=everything, cron_schedule="0 4 * * *")
definitions = dg.Definitions(assets=[games, build, site], jobs=[everything], schedules=[nightly])
