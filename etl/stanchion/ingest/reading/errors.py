"""The error for a file that cannot be read."""

from stanchion.errors import StanchionError


class UnreadableError(StanchionError):
    """The reason why a whole file is rejected, as one sentence. It never quotes the file, which may contain secrets."""
