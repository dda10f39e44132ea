"""Why a file cannot be read at all."""

from stanchion.errors import StanchionError


class UnreadableError(StanchionError):
    """One sentence that says why the file is rejected whole. It never quotes the file."""
