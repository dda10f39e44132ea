"""A publication that keeps the rows of a mart from being deleted is a finding, not the end of the audit."""

import pytest

from stanchion.audit.run import audit
from tests.sessions import Db

NAME = "published_in_a_test"


@pytest.mark.parametrize("of", ["for all tables", "for table marts.published_test", "for tables in schema marts"])
def test_publication_of_tables_without_identity_is_named(of: str, db: Db, dsn: str) -> None:
    db.execute(
        "create table marts.published_test (tenant_id uuid not null); comment on table marts.published_test is 'x'"
    )
    db.execute(f"create publication {NAME} {of}")
    findings = audit(db, dsn, lambda part: None).findings
    (found,) = (finding for finding in findings if finding.check == "publications")
    assert found.object == NAME
    assert "without a replica identity, such as " in found.problem
    assert f"alter publication {NAME} set (publish = 'insert'), or drop it" in found.problem
    assert db.execute("select count(*) from core.tenant").fetchone() == (0,)
