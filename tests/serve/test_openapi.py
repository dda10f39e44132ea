"""The description of the interface is valid, complete, and true for requests made from it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

from stanchion.serve.openapi import make_openapi
from stanchion.serve.read.catalog import make_catalog
from tests.conftest import run_stanchion
from tests.serve.conftest import Stats


def test_it_names_what_the_role_may_reach(stats: Stats) -> None:
    printed = run_stanchion("serve", "--openapi", database_url=stats.dsn)
    assert printed.code == 0, printed.err
    described = json.loads(printed.out)
    assert described == stats.get("/").json()
    assert described["openapi"] == "3.1.0"
    readable = stats.platform.rows(
        "select c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname in ('marts', 'contest', 'stock', 'workspace', 'core') and c.relkind in ('r', 'p', 'v', 'm') "
        "and not c.relispartition and has_any_column_privilege('stanchion_app', c.oid, 'select')"
    )
    paths = set(described["paths"])
    assert {f"/{row['relname']}" for row in readable} == {
        path for path in paths if not path.startswith(("/rpc/", "/live/"))
    }
    assert {"/rpc/submit_score", "/rpc/buy"} <= paths
    assert not {"/rpc/set_context", "/rpc/use_api_key", "/rpc/create_tenant"} & paths
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    submit = described["paths"]["/rpc/submit_score"]["post"]
    assert "Errors:" in submit["description"]
    assert submit["requestBody"]["content"]["application/json"]["schema"] == ref("SubmitScoreArguments")
    schemas = described["components"]["schemas"]
    assert schemas["SubmitScoreArguments"]["required"] == ["game_key", "home", "away", "key"]
    assert submit["responses"]["200"]["content"]["application/json"]["schema"] == ref("SubmitScoreResult")
    assert schemas["SubmitScoreResult"]["properties"] == {
        "state": {"type": ["string", "null"]}, "version": {"type": ["integer", "null"], "format": "int64"},
    }  # fmt: skip


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_names_of_schemas_are_different_types_of_a_client() -> None:
    names = ["problem", "fact_shot", "fact shot", 'Fact"Shot', "factShot", "команда", "../a%2F{b}"]
    column = ["n", "integer", False, None]
    described = make_openapi(
        make_catalog([("marts", name, None, [column], None) for name in names], [], [], ("marts",))
    )
    listed = list(described["components"]["schemas"])
    assert sorted(listed) == [
        "A2FB",
        "FactShot",
        "FactShot2",
        "FactShot3",
        "FactShot4",
        "Problem",
        "Problem2",
        "Unnamed",
    ]
    paths = [path for path in described["paths"] if not path.startswith("/live/")]
    assert sorted(unquote(path[1:]) for path in paths) == sorted(names)
    assert all(re.fullmatch(r"/[\w%.]+", path, re.ASCII) for path in paths), paths


def test_rows_have_the_types_of_the_description(stats: Stats) -> None:
    described = stats.get("/").json()
    checked = 0
    for path, operations in described["paths"].items():
        if operations.get("get", {}).get("tags") == ["marts"]:
            content = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            schema = described["components"]["schemas"][content["items"]["$ref"].rpartition("/")[2]]
            validator = Draft202012Validator({"type": "array", "items": schema | {"additionalProperties": False}})
            rows = stats.rows(f"{path}?limit=50")
            assert list(validator.iter_errors(rows)) == [], path
            checked += len(rows)
    assert checked > 100


@pytest.mark.exhaustive
def test_requests_of_schemathesis_get_listed_answers(stats: Stats, key: str, tmp_path: Path) -> None:
    """No 5xx, no status, media type or body that is not in the description. Streams are left out: they do not end."""
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.skip("schemathesis is not installed")
    (tmp_path / "openapi.json").write_text(stats.get("/").text)
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    done = subprocess.run(
        [
            program, "run", tmp_path / "openapi.json", "--url", stats.web.url, "--header", f"X-Api-Key: {key}",
            "--checks", checks, "--phases", "examples,fuzzing", "--max-examples", "8", "--seed", "7", "--no-color",
            "--suppress-health-check", "all", "--exclude-path-regex", "^/live/",
        ],
        capture_output=True, text=True, cwd=tmp_path, timeout=280,
    )  # fmt: skip
    shutil.rmtree(tmp_path / ".hypothesis", ignore_errors=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
