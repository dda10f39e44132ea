"""A checkout that is not in order is refused before anything runs, with every problem at once, a sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from stanchion.deploy.modules import discover
from stanchion.errors import StanchionError
from stanchion.paths import ROOT

from .conftest import Checkout


def problems(checkout: Checkout) -> list[str]:
    with pytest.raises(StanchionError) as refused:
        checkout.modules()
    return str(refused.value).replace(f"{checkout.root}/", "").splitlines()


def test_the_project_is_in_order() -> None:
    modules = discover(ROOT)
    assert [module.sort_key for module in modules] == sorted(module.sort_key for module in modules)
    assert modules[0].name == "core/0001_ledger"


def test_a_folder_without_modules_is_not_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(
        StanchionError, match=r"There are no SQL modules under .*; run this command in a checkout of Stanchion"
    ):
        discover(tmp_path)


def test_a_missing_revert(checkout: Checkout) -> None:
    checkout.add_table().with_name("9001_gauge.revert.sql").unlink()
    said = "sql/core/topic/9001_gauge.sql has no line '-- revert: ...'; end it with the statements that revert it."
    assert problems(checkout) == [said]


def test_a_missing_deploy(checkout: Checkout) -> None:
    checkout.add_table().unlink()
    said = "sql/core/topic/9001_gauge.sql is missing, and 9001_gauge.revert.sql reverts it."
    assert problems(checkout) == [said]


def test_two_modules_with_one_number(checkout: Checkout) -> None:
    checkout.add_table("gauge")
    checkout.add_table("meter")
    said = "core/9001_gauge and core/9001_meter have the same number 9001; renumber one of them."
    assert problems(checkout) == [said]


@pytest.mark.parametrize(
    "stray",
    [
        "sql/core/topic/901_gauge.sql",
        "sql/core/topic/9001_Gauge.sql",
        "sql/core/topic/9001_gauge.SQL",
        "sql/core/topic/Gauge.sql",
        "sql/core/topic/gauge.deploy.sql",
        "sql/core/topic/old/gauge.sql",
        "sql/cor/0001_schema.sql",
        "sql/fix.sql",
        "policies/gauge.sql",
        "policies/cor.gauge.sql",
        "policies/core.tenant copy.sql",
        "partitions/core.Gauge.sql",
    ],
)
def test_a_file_in_no_place(checkout: Checkout, stray: str) -> None:
    checkout.write(stray, "select 1;\n-- revert: select 1;\n")
    (said,) = problems(checkout)
    assert said.startswith(
        f"{stray} has no place: a module is sql/SCHEMA/TOPIC/NNNN_name.sql, sql/SCHEMA/TOPIC/name.sql"
    )


def test_a_repeatable_without_a_revert_line(checkout: Checkout) -> None:
    checkout.write("policies/core.gauge.sql", "select 1;\n")
    said = "policies/core.gauge.sql has no line '-- revert: ...'; end it with the statements that revert it."
    assert problems(checkout) == [said]


def test_a_file_that_is_not_utf8(checkout: Checkout) -> None:
    checkout.add_table().write_bytes("select 1;\n\nselect 'größe';\n".encode("latin-1"))
    assert problems(checkout) == ["sql/core/topic/9001_gauge.sql:3: is not UTF-8; save the file as UTF-8."]


def test_a_nul_character(checkout: Checkout) -> None:
    checkout.add_table().write_bytes(b"select 1;\n\0drop table core.tenant;\n")
    assert problems(checkout) == ["sql/core/topic/9001_gauge.sql:2: contains a NUL character; remove it."]


@pytest.mark.parametrize(
    "ends",
    [
        "commit;",
        "COMMIT AND CHAIN;",
        "commit",
        "end;",
        "begin;",
        "start transaction;",
        "rollback;",
        "abort;",
        "prepare transaction 'later';",
        "/* quiet */ -- very\ncommit;",
        "select e'\n'\n'\\''; commit; select '';",  # 'b' that goes on from an e'a' has its escapes too
    ],
)
def test_a_transaction_begun_or_ended_in_a_file(checkout: Checkout, ends: str) -> None:
    checkout.add("9001_gauge", f"select 1;\n\n{ends}\n", "select 1;\n")
    line = 3 + ends[: ends.lower().rindex("commit")].count("\n") if "commit" in ends.lower() else 3
    said = (
        f"sql/core/topic/9001_gauge.sql:{line}: begins or ends a transaction, which only the deployer does; remove it."
    )
    assert problems(checkout) == [said]


def test_a_commit_in_a_revert_file_and_in_a_revert_line(checkout: Checkout) -> None:
    checkout.add("9001_gauge", "select 1;", "select 1;\ncommit;\n")
    checkout.write("policies/core.gauge.sql", "select 1;\n-- revert: select 1;\n-- revert: commit;\n")
    told = ": begins or ends a transaction, which only the deployer does; remove it."
    assert problems(checkout) == [
        f"policies/core.gauge.sql (revert):2{told}",
        f"sql/core/topic/9001_gauge.revert.sql:2{told}",
    ]


@pytest.mark.parametrize(
    "harmless",
    [
        "do $$ begin perform 1; end; $$;",
        "do $body$ begin begin perform 1; exception when others then rollback; end; end; $body$;",
        "select 'begin; commit; end;';",
        'select 1 as "; commit;";',
        "-- commit;\n/* begin; /* commit; */ rollback; */ select 1;",
        "create function core.f() returns int begin atomic; select 1; select 2; end;",
        "savepoint a; rollback to a; release a;",
        "select case when true then 1 end;",
    ],
)
def test_what_only_looks_like_the_end_of_a_transaction(checkout: Checkout, harmless: str) -> None:
    before = len(checkout.modules())
    checkout.add("9001_gauge", harmless, "select 1;")
    assert len(checkout.modules()) == before + 1


def test_a_setting_that_would_outlive_the_module(checkout: Checkout) -> None:
    checkout.add("9001_gauge", "set local search_path = core;\nset search_path = core;\n", "select 1;")
    said = "sql/core/topic/9001_gauge.sql:2: changes the session for the modules after it; write 'set local'."
    assert problems(checkout) == [said]


def test_two_statements_that_have_no_transaction(checkout: Checkout) -> None:
    checkout.add("9001_a", "-- no-transaction\nvacuum core.tenant;\nvacuum core.principal;\n", "select 1;")
    checkout.write("policies/core.gauge.sql", "-- no-transaction\nselect 1;\n-- revert: select 1;")
    told = "runs without a transaction, so it must be one statement of a versioned module, and it is"
    remedy = "one; give each statement a versioned module."
    of_policies, inside, versioned = problems(checkout)
    assert of_policies == f"policies/core.gauge.sql (revert) {told} 1 of a policies {remedy}"
    assert inside == f"policies/core.gauge.sql {told} 1 of a policies {remedy}"
    assert versioned == f"sql/core/topic/9001_a.sql {told} 2 of a versioned {remedy}"


def test_a_revert_that_cannot_undo_half_a_module(checkout: Checkout) -> None:
    checkout.add(
        "9001_a",
        "-- no-transaction\ncreate index concurrently tenant_name on core.tenant (name);",
        "-- no-transaction\ndrop index concurrently core.tenant_name;",
    )
    (said,) = problems(checkout)
    assert said.startswith("sql/core/topic/9001_a.revert.sql:2: reverts a statement without a transaction")
    assert said.endswith("write 'if exists'.")


def test_all_problems_at_once(checkout: Checkout) -> None:
    checkout.add("9001_a", "commit;", "select 1;").with_name("9001_a.revert.sql").unlink()
    checkout.write("sql/core/topic/Stray.sql", "")
    checkout.write("policies/core.gauge.sql", "select 1;")
    assert len(problems(checkout)) == 4


@pytest.mark.parametrize("change", [lambda b: b.replace(b"\n", b"\r\n"), lambda b: b"\xef\xbb\xbf" + b])
def test_line_ends_and_byte_order_marks_do_not_change_a_module(checkout: Checkout, change: object) -> None:
    before = {module.name: (module.checksum, module.revert_text) for module in checkout.modules()}
    for path in checkout.root.rglob("*.sql"):
        path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    assert {module.name: (module.checksum, module.revert_text) for module in checkout.modules()} == before


def test_moving_a_file_to_another_topic_changes_no_module(checkout: Checkout) -> None:
    before = {(module.name, module.checksum, module.sort_key) for module in checkout.modules()}
    for name in ("idempotency/claim_key.sql", "tenancy/0004_tenant.sql"):
        moved = checkout.root / "sql" / "core" / "elsewhere" / name.rpartition("/")[2]
        moved.parent.mkdir(exist_ok=True)
        (checkout.root / "sql" / "core" / name).rename(moved)
    assert {(module.name, module.checksum, module.sort_key) for module in checkout.modules()} == before


FUNCTION = "create function core.{}() returns integer language sql return 1;\n-- revert: drop function core.{}();\n"


def test_a_module_runs_after_the_functions_it_needs(checkout: Checkout) -> None:
    checkout.write("sql/core/topic/zebra.sql", FUNCTION.format("zebra", "zebra"))
    checkout.write("sql/core/topic/ant.sql", "-- needs: core.zebra\n" + FUNCTION.format("ant", "ant"))
    checkout.write("sql/core/topic/aardvark.sql", "-- needs: core.ant\n" + FUNCTION.format("aardvark", "aardvark"))
    names = [module.name for module in checkout.modules()]
    order = [names.index(f"core/function/{name}") for name in ("zebra", "ant", "aardvark")]
    assert order == sorted(order)


@pytest.mark.parametrize("checkout", ["*"], indirect=True)
def test_needs_that_cannot_be_met_are_refused(checkout: Checkout) -> None:
    checkout.write("sql/core/topic/ant.sql", "-- needs: core.bee\n" + FUNCTION.format("ant", "ant"))
    checkout.write("sql/core/topic/bee.sql", "-- needs: core.ant\n" + FUNCTION.format("bee", "bee"))
    checkout.write("sql/core/topic/cat.sql", "-- needs: core.dodo\n" + FUNCTION.format("cat", "cat"))
    checkout.write("sql/core/topic/dog.sql", "-- needs: stock.buy\n" + FUNCTION.format("dog", "dog"))
    cycle, missing, later = problems(checkout)
    assert "cannot be ordered: core/function/ant needs core/function/bee needs core/function/ant." in cycle
    assert missing == "sql/core/topic/cat.sql needs core.dodo, and no function or view of that name exists."
    assert later == "sql/core/topic/dog.sql needs stock.buy, whose schema is deployed later."


def test_two_repeatables_of_one_name(checkout: Checkout) -> None:
    for topic in ("one", "two"):
        checkout.write(f"sql/core/{topic}/ant.sql", FUNCTION.format("ant", "ant"))
    said = "sql/core/one/ant.sql and sql/core/two/ant.sql are both core/function/ant; rename one of them."
    assert problems(checkout) == [said]


def test_a_file_without_a_number_creates_something(checkout: Checkout) -> None:
    checkout.write("sql/core/topic/ant.sql", "select 1;\n-- revert: select 1;\n")
    said = "sql/core/topic/ant.sql creates no function or view; number it (NNNN_ant.sql) if it runs once."
    assert problems(checkout) == [said]
