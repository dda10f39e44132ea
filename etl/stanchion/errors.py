"""Errors that a person can act on."""


class StanchionError(Exception):
    """One sentence that says what is wrong and what to do; printed as it is, exit code 1."""
