"""Why a file cannot be read at all."""

from etl.errors import StanchionError


class UnreadableError(StanchionError):
    """One sentence that says why the file is rejected whole. It never quotes the file."""
