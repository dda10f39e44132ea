"""The program `stanchion`. It prints its version without importing click, which takes three times as long as Python."""

import sys

from stanchion import __version__


def main() -> None:
    """Run the command in the arguments of the process."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"stanchion, version {__version__}\n")
        return
    from stanchion.cli.main import main as program

    program()
