"""Errors that a user can act on."""


class StanchionError(Exception):
    """One sentence with the problem and its remedy. The command line prints it and exits with code 1."""
