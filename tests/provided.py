"""Programs and packages that only tests need. The scripts of .ci provide them."""

import subprocess

import pytest

from stanchion.paths import ROOT


def provide(script: str, *args: str) -> str:
    """Return the path that a script of .ci prints, or skip the test when this machine cannot have the program."""
    found = subprocess.run([ROOT / ".ci" / script, *args], capture_output=True, text=True, check=False)
    if found.returncode == 3:
        pytest.skip(found.stderr.strip().splitlines()[-1])
    found.check_returncode()
    return found.stdout.strip()
