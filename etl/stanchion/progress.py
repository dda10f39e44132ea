"""The type of the functions that commands pass down so that long work can print progress."""

from collections.abc import Callable

Report = Callable[[str], None]  # prints one line of progress
