"""Check the rules of the dbt project: layers, names, keys, contracts and hooks. Run its unit tests."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from stanchion.marts.dbt import Node, invoke, read_node
from stanchion.paths import ROOT
from tests.marts import parsed
from tests.marts.platform import Platform

NAMES = {
    "staging": r"stg_(core|contest|landing|stock|workspace)__\w+",
    "intermediate": r"int_\w+",
    "marts": r"(fact|dim)_\w+|standings|(competition_)?head_to_head|leaderboard_history|(team|player)_record"
    r"|item_velocity|stockouts|usage_month|tenant_stats_mart",
}
UNIT_TESTS = 41


@pytest.fixture
def manifest() -> dict[str, Any]:
    return parsed.manifest()


def problems(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield each violation of a rule as 'model: problem'."""
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    tested: dict[str, set[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node"):
            tested.setdefault(node["attached_node"], set()).add(node["test_metadata"]["name"])
    unit_tested = {test["model"] for test in manifest["unit_tests"].values()}
    for key, model in models.items():
        name, layer, config = model["name"], model["fqn"][1], model["config"]
        parents = model["depends_on"]["nodes"]
        sources = [parent for parent in parents if parent.startswith("source.")]
        if not re.fullmatch(NAMES[layer], name):
            yield f"{name}: has a name that does not match the names of {layer}"
        if layer == "staging" and (len(sources), len(parents)) != (1, 1):
            yield f"{name}: staging must read exactly one source"
        if layer != "staging" and sources:
            yield f"{name}: reads a source without a staging model"
        if layer == "intermediate" and any(models[p]["fqn"][1] == "marts" for p in parents if p in models):
            yield f"{name}: intermediate must not read a mart"
        if not model["description"].startswith("One row per "):
            yield f"{name}: has a description that does not start with 'One row per'"
        if not model["columns"] or not all(column["description"] for column in model["columns"].values()):
            yield f"{name}: has a column without a description"
        if "secure_relation" not in " ".join(hook["sql"] for hook in config["post-hook"]) and layer != "staging":
            yield f"{name}: does not call secure_relation()"
        if not config["meta"].get("owner"):
            yield f"{name}: has no owner"
        if model["access"] != ("public" if layer == "marts" else "protected"):
            yield f"{name}: can be read by other projects without being a mart, or is a mart that cannot"
        if any(not hook["transaction"] for hook in config["post-hook"] + config["pre-hook"]):
            yield f"{name}: has a hook outside its transaction"
        if config["materialized"] not in ("secure_view", "replace_changed", "write_differences"):
            yield f"{name}: has a materialization that swaps relations"
        if config["materialized"] != "secure_view":
            yield from _of_tables(model, config)
        if layer == "marts":
            if name not in unit_tested:
                yield f"{name}: has no unit test"
            if not any(constraint["type"] == "primary_key" for constraint in model["constraints"]):
                yield f"{name}: has no primary key"
            if not config["contract"]["enforced"]:
                yield f"{name}: has no contract"
            if config["grants"] != {"select": ["stanchion_analyst", "stanchion_app"]}:
                yield f"{name}: is not granted to analysts and applications"
            if config["materialized"] == "secure_view":
                if "unique_key" not in tested.get(key, ()):
                    yield f"{name}: has no unique_key test"
                if any(models[p]["config"]["materialized"] == "secure_view" for p in parents if p in models):
                    yield f"{name}: is a view that reads a view"
        bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", model["raw_code"], flags=re.DOTALL)
        if re.search(r"\b(marts|staging|contest|landing|stock)\.\w+\b(?!\()", bare):  # a function call is allowed
            yield f"{name}: contains the name of a relation instead of ref() or source()"
    read = {parent for model in models.values() for parent in model["depends_on"]["nodes"]}
    read |= {parent for exposure in manifest["exposures"].values() for parent in exposure["depends_on"]["nodes"]}
    for key, source in manifest["sources"].items():
        if key not in read:
            yield f"{source['name']}: is a source that no model reads"
    for key, model in models.items():
        if key not in read:
            yield f"{model['name']}: is read by no model and no exposure"


def _of_tables(model: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    name, indexes = model["name"], config.get("indexes") or []
    keys = [constraint["columns"] for constraint in model["constraints"] if constraint["type"] == "primary_key"]
    if any(columns[0] != "tenant_id" for columns in [*keys, *(index["columns"] for index in indexes)]):
        yield f"{name}: has an index that does not start with tenant_id"
    required = {c["name"] for c in model["columns"].values() if any(k["type"] == "not_null" for k in c["constraints"])}
    if any(not set(columns) <= required for columns in keys):
        yield f"{name}: has a nullable column in its key"
    by = {"loads": "games", "purchases": "items"}[config.get("changes", "loads")]
    if config["materialized"] == "replace_changed" and f"changed_{by}(" not in model["raw_code"]:
        yield f"{name}: does not call changed_{by}()"
    if config["materialized"] == "write_differences" and not (
        "changed_tenants(" in model["raw_code"] or config.get("always")
    ):
        yield f"{name}: neither calls changed_tenants() nor has `always`"


def macros_without_description(manifest: dict[str, Any]) -> list[str]:
    return [
        macro["name"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "stanchion"
        and not macro["description"]
        and not macro["name"].startswith(("materialization_", "test_"))
    ]


def test_each_macro_has_a_description(manifest: dict[str, Any]) -> None:
    assert macros_without_description(manifest) == []
    manifest["macros"]["macro.stanchion.share"]["description"] = ""
    assert macros_without_description(manifest) == ["share"]


def test_the_project_follows_its_rules(manifest: dict[str, Any]) -> None:
    assert list(problems(manifest)) == []


BREAKS: dict[str, tuple[str, Any]] = {
    "swaps relations": ("fact_event", {"config": {"materialized": "table"}}),
    "has no contract": ("fact_event", {"config": {"contract": {"enforced": False}}}),
    "does not call secure_relation": ("fact_event", {"config": {"post-hook": []}}),
    "outside its transaction": (
        "dim_team",
        {"config": {"post-hook": [{"sql": "{{ secure_relation() }}", "transaction": False}]}},
    ),
    "no primary key": ("standings", {"constraints": []}),
    "no owner": ("dim_team", {"config": {"meta": {}}}),
    "without being a mart": ("int_game", {"access": "public"}),
    "index that does not start with tenant_id": ("dim_team", {"config": {"indexes": [{"columns": ["team_key"]}]}}),
    "without a staging model": ("dim_team", {"depends_on": {"nodes": ["source.stanchion.contest.team"]}}),
    "exactly one source": ("stg_contest__team", {"depends_on": {"nodes": ["model.stanchion.int_game"]}}),
    "must not read a mart": ("int_game", {"depends_on": {"nodes": ["model.stanchion.fact_event"]}}),
    "view that reads a view": ("standings", {"depends_on": {"nodes": ["model.stanchion.head_to_head"]}}),
    "does not start with 'One row per'": ("dim_team", {"description": "Teams."}),
    "not granted": ("dim_team", {"config": {"grants": {}}}),
    "changed_games()": ("fact_stint", {"raw_code": "select 1"}),
    "changed_items()": ("fact_purchase_day", {"raw_code": "select changed_games()"}),
    "instead of ref()": ("dim_team", {"raw_code": "select * from contest.team where changed_tenants()"}),
}


@pytest.mark.parametrize("problem", BREAKS)
def test_each_rule_detects_a_violation(problem: str, manifest: dict[str, Any]) -> None:
    name, change = BREAKS[problem]
    model = manifest["nodes"][f"model.stanchion.{name}"]
    for key, changed in change.items():
        if isinstance(changed, dict):
            model[key] |= changed
        else:
            model[key] = changed
    assert any(found.startswith(f"{name}: ") and problem in found for found in problems(manifest))


@pytest.mark.slow
def test_the_unit_tests_of_the_models_pass(built: Platform) -> None:
    nodes: list[Node] = []

    def on_event(event: Any) -> None:
        if event.info.name == "NodeFinished":
            nodes.append(read_node(event))

    assert invoke(built.server, ["test", "--select", "test_type:unit"], {}, on_event) is None
    assert [node.message for node in nodes if node.outcome == "failed"] == []
    assert len(nodes) >= UNIT_TESTS


def test_the_source_of_loads_has_a_freshness_limit(manifest: dict[str, Any]) -> None:
    """Every other source is written by loads or by the application, so only loads have a limit."""
    loads = manifest["sources"]["source.stanchion.landing.load_batch"]
    assert loads["freshness"]["warn_after"]["count"]
    assert loads["loaded_at_field"] == "started_at"
    assert (ROOT / "dbt_project.yml").is_file()


def test_the_dbt_version_agrees_with_pyproject() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (dbt,) = [need for need in map(Requirement, package["dependencies"]) if need.name == "dbt-core"]
    assert SpecifierSet(",".join(project["require-dbt-version"])) == dbt.specifier


def test_shared_descriptions_are_doc_blocks() -> None:
    """A description that six or more columns share is written once, in models/docs."""
    described = Counter(
        column["description"]
        for path in (ROOT / "dbt_project" / "models").rglob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", ())
        for column in model["columns"]
    )
    assert described["{{ doc('tenant_id') }}"] > 50
    assert [text for text, count in described.items() if count >= 6 and "doc(" not in text] == []
