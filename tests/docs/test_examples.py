"""The examples for applications do what their pages say: each statement answers with the remark behind it."""

from collections.abc import Callable

import pytest

from tests.docs.cli_reference import ROOT
from tests.docs.examples import check


@pytest.mark.parametrize(("page", "at_least"), [("stock.md", 14), ("live.md", 20)])
def test_every_statement_answers_as_it_says(
    page: str, at_least: int, tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    check(ROOT / "docs" / page, make_login("stanchion_app"), tenants["ours"], at_least=at_least)
