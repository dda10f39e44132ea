"""The manual page has every command, formatters accept it, and the wheel installs it."""

import re
import subprocess

import pytest

from tests.provided import provide

from .cli_reference import walk
from .man_page import PAGE, render


def test_the_manual_page_is_current() -> None:
    if PAGE.read_text(encoding="utf-8") != render():
        pytest.fail("docs/stanchion.1 differs from the help texts; run: make catalog", pytrace=False)


@pytest.mark.debian
def test_man_shows_every_command_and_option() -> None:
    groff = provide("debian-program", "groff")
    done = subprocess.run(
        [groff, "-man", "-ww", "-Tutf8", "-P-c", "-rLL=110n", "-rHY=0", PAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    shown = " ".join(re.sub(r".\x08", "", done.stdout).split())  # bold letters are printed twice
    for context in walk():
        if context.find_root().info_name == "stanchion":
            assert context.command_path in shown
            for parameter in context.command.get_params(context):
                if record := parameter.get_help_record(context):
                    assert record[0].split()[0].rstrip(",") in shown
    assert 'stanchion psql -c "select * from core.tenant"' in shown


@pytest.mark.debian
def test_mandoc_has_no_warning() -> None:
    mandoc = provide("debian-program", "mandoc")
    done = subprocess.run([mandoc, "-Tlint", "-Wwarning", PAGE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
