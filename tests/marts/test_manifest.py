"""The dbt project keeps its own rules: layers, names, keys, contracts, hooks; and its unit tests hold."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stanchion.marts.dbt import Node, invoke, read_node
from stanchion.paths import ROOT
from tests.marts.platform import Platform

NAMES = {
    "staging": r"stg_(core|contest|landing|stock|workspace)__\w+",
    "intermediate": r"int_\w+",
    "marts": r"(fact|dim)_\w+|standings|(competition_)?head_to_head|leaderboard_history|(team|player)_record"
    r"|item_velocity|stockouts|usage_month|tenant_stats_mart",
}
UNIT_TESTS = 11


@pytest.fixture
def manifest(built: Platform) -> dict[str, Any]:
    paths = Path(os.environ["DBT_TARGET_PATH"]).glob("*/manifest.json")  # one for each database and login
    path = max(paths, key=lambda path: path.stat().st_mtime)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def problems(manifest: dict[str, Any]) -> Iterator[str]:
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    tested: dict[str, set[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node"):
            tested.setdefault(node["attached_node"], set()).add(node["test_metadata"]["name"])
    for key, model in models.items():
        name, layer, config = model["name"], model["fqn"][1], model["config"]
        parents = model["depends_on"]["nodes"]
        sources = [parent for parent in parents if parent.startswith("source.")]
        if not re.fullmatch(NAMES[layer], name):
            yield f"{name}: is no name for {layer}"
        if layer == "staging" and (len(sources), len(parents)) != (1, 1):
            yield f"{name}: staging reads one source and nothing else"
        if layer != "staging" and sources:
            yield f"{name}: reads a source past staging"
        if not model["description"].startswith("One row per "):
            yield f"{name}: does not begin with what one row is"
        if not model["columns"] or not all(column["description"] for column in model["columns"].values()):
            yield f"{name}: has columns that nobody described"
        if "secure_relation" not in " ".join(hook["sql"] for hook in config["post-hook"]) and layer != "staging":
            yield f"{name}: is not secured"
        if any(not hook["transaction"] for hook in config["post-hook"] + config["pre-hook"]):
            yield f"{name}: has a hook outside of its transaction"
        if config["materialized"] not in ("view", "incremental"):
            yield f"{name}: is swapped when it is built"
        if config["materialized"] == "incremental":
            yield from _of_tables(model, config)
        if layer == "marts":
            if not config["contract"]["enforced"]:
                yield f"{name}: has no contract"
            if config["grants"] != {"select": ["stanchion_analyst"]}:
                yield f"{name}: is not granted to analysts"
            if config["materialized"] == "view":
                if "unique_key" not in tested.get(key, ()):
                    yield f"{name}: nothing tests its key"
                swapped = [p for p in parents if p in models and models[p]["config"]["materialized"] != "incremental"]
                if swapped:
                    yield f"{name}: is a view on a view"
        bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", model["raw_code"], flags=re.DOTALL)
        if re.search(r"\b(marts|staging|contest|landing|stock)\.\w+\b(?!\()", bare):  # a function is none
            yield f"{name}: names a relation instead of ref or source"
    read = {parent for model in models.values() for parent in model["depends_on"]["nodes"]}
    read |= {parent for exposure in manifest["exposures"].values() for parent in exposure["depends_on"]["nodes"]}
    for key, source in manifest["sources"].items():
        if key not in read:
            yield f"{source['name']}: nothing reads this source"
    for key, model in models.items():
        if key not in read:
            yield f"{model['name']}: nothing reads it and no exposure names it"


def _of_tables(model: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    name, indexes = model["name"], config["indexes"] or []
    if not any(index.get("unique") for index in indexes):
        yield f"{name}: has no unique index on its key"
    if any(index["columns"][0] != "tenant_id" for index in indexes):
        yield f"{name}: has an index that does not begin with the tenant"
    required = {c["name"] for c in model["columns"].values() if any(k["type"] == "not_null" for k in c["constraints"])}
    for index in indexes:
        if index.get("unique") and not set(index["columns"]) <= required:
            yield f"{name}: its key may be null"
    by = {"loads": "games", "purchases": "items"}[config.get("changes", "loads")]
    if config["incremental_strategy"] == "replace_changed" and f"changed_{by}(" not in model["raw_code"]:
        yield f"{name}: does not go by the {by} that changed"
    if config["incremental_strategy"] == "sync" and not (
        "changed_tenants(" in model["raw_code"] or config.get("always")
    ):
        yield f"{name}: does not go by the tenants that changed"


def test_the_project_keeps_its_rules(manifest: dict[str, Any]) -> None:
    assert list(problems(manifest)) == []


BREAKS: dict[str, tuple[str, Any]] = {
    "is swapped": ("fact_event", {"config": {"materialized": "table"}}),
    "has no contract": ("fact_event", {"config": {"contract": {"enforced": False}}}),
    "is not secured": ("fact_event", {"config": {"post-hook": []}}),
    "outside of its transaction": (
        "dim_team",
        {"config": {"post-hook": [{"sql": "{{ secure_relation() }}", "transaction": False}]}},
    ),
    "no unique index": ("dim_team", {"config": {"indexes": []}}),
    "past staging": ("dim_team", {"depends_on": {"nodes": ["source.stanchion.contest.team"]}}),
    "view on a view": ("standings", {"depends_on": {"nodes": ["model.stanchion.head_to_head"]}}),
    "what one row is": ("dim_team", {"description": "Teams."}),
    "not granted": ("dim_team", {"config": {"grants": {}}}),
    "by the games": ("fact_stint", {"raw_code": "select 1"}),
    "by the items": ("fact_purchase_day", {"raw_code": "select changed_games()"}),
    "instead of ref": ("dim_team", {"raw_code": "select * from contest.team where changed_tenants()"}),
}


@pytest.mark.parametrize("said", BREAKS)
def test_each_rule_is_broken_by_something(said: str, manifest: dict[str, Any]) -> None:
    name, change = BREAKS[said]
    model = manifest["nodes"][f"model.stanchion.{name}"]
    for key, changed in change.items():
        if isinstance(changed, dict):
            model[key] |= changed
        else:
            model[key] = changed
    assert any(said in problem for problem in problems(manifest))


@pytest.mark.slow
def test_the_unit_tests_of_the_definitions_hold(built: Platform) -> None:
    nodes: list[Node] = []

    def on_event(event: Any) -> None:
        if event.info.name == "NodeFinished":
            nodes.append(read_node(event))

    assert invoke(built.server, ["test", "--select", "test_type:unit"], {}, on_event) is None
    assert [node.message for node in nodes if node.outcome == "failed"] == []
    assert len(nodes) >= UNIT_TESTS


def test_every_source_says_how_fresh_it_must_be_or_belongs_to_one_that_does(manifest: dict[str, Any]) -> None:
    loads = manifest["sources"]["source.stanchion.landing.load_batch"]
    assert loads["freshness"]["warn_after"]["count"]
    assert loads["loaded_at_field"] == "started_at"
    assert (ROOT / "dbt_project.yml").is_file()
