"""The partition report shows every table, every day and the log, and sends no requests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.partitions.status import read_status
from stanchion.server.connection import Connection
from tests.browser import look
from tests.html import Page


@pytest.fixture
def page(db: Connection, stanchion: Callable[..., Any], tmp_path: Path) -> Page:
    """Make the report of a database with a legal hold and a missing partition."""
    db.execute("select core.hold_partitions('core.audit_log', '<b>Case 4711</b>')")
    last = db.execute("select child from core.partition where relation = 'core.job_done' order by day desc").fetchone()
    db.execute(f"drop table {last[0]}")
    out = tmp_path / "partitions.html"
    assert stanchion("report", "--partitions", "--out", str(out)).code == 0
    return Page(out.read_text(encoding="utf-8"))


def test_page_shows_tables_days_and_log(page: Page, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        status = read_status(conn)
    rows = {row[0]: row for row in page.table(partitions="sets").rows}
    assert rows.keys() == {each.relation for each in status.sets}
    assert rows["core.audit_log"][8] == "on hold: <b>Case 4711</b>"
    assert (rows["core.job_done"][6], rows["core.job_done"][7]) == ("2 of 3", "1")
    squares = [given for tag, given in page.elements if tag == "title"]
    assert len(squares) - 1 == sum(len(each.days) for each in status.sets), (
        "a cell for each day, and the title of the page"
    )
    logged = page.table(partitions="log").rows[0]
    assert (logged[1], logged[3], logged[5]) == ("core.audit_log", "held", "<b>Case 4711</b>")
    assert next(alert.problem for alert in status.alerts) in page.text


@pytest.mark.slow
@pytest.mark.debian
def test_page_fits_every_width_and_sends_no_requests(page: Page) -> None:
    for dark in (False, True):
        seen, console = look(page.source, 360, 1280, dark=dark)
        assert console == []
        assert [(each.scroll_width, each.requests, each.faint, each.unreachable) for each in seen] == [
            (360, [], [], []),
            (1280, [], [], []),
        ]
