"""The dbt project as dbt parses it. Builds do not write it as JSON."""

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from stanchion.paths import ROOT


def manifest() -> dict[str, Any]:
    """Return dbt's manifest, which the caller may change."""
    found: dict[str, Any] = json.loads(_text())
    return found


@functools.cache
def _text() -> str:
    with tempfile.TemporaryDirectory(prefix="stanchion-parsed-") as folder:
        argv = [Path(sys.executable).with_name("dbt"), "--quiet", "parse", "--profiles-dir", "."]
        subprocess.run([*argv, "--target-path", folder, "--log-path", folder], cwd=ROOT, check=True)
        return (Path(folder) / "manifest.json").read_text(encoding="utf-8")
