"""The page about partitions has a row for each file that declares one."""

import re

from stanchion.paths import ROOT


def test_every_file_of_partitions_is_in_the_table() -> None:
    page = (ROOT / "docs" / "operations" / "partitions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.\w+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in (ROOT / "partitions").glob("*.sql"))
