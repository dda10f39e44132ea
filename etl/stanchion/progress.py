"""Lines of progress: the type of the functions that print them, and the switch --quiet."""

from collections.abc import Callable

Report = Callable[[str], None]  # prints one line of progress


class _Switch:
    is_quiet = False  # no command prints progress and remarks; results and errors are printed


switch = _Switch()
