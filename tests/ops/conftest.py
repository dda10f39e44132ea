"""The command line in the process of the tests."""

from tests.cli.conftest import call

__all__ = ["call"]
