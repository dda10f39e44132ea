"""The page about partitions lists every partitioned table."""

import re

from stanchion.paths import ROOT


def test_partitions_page_lists_every_file() -> None:
    page = (ROOT / "docs" / "operations" / "partitions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.\w+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in (ROOT / "partitions").glob("*.sql"))
