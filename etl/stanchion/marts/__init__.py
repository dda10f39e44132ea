"""Building the marts: dbt, in this process, behind one function."""

from stanchion.marts.dbt import Node
from stanchion.marts.run import Report, build, is_current

__all__ = ["Node", "Report", "build", "is_current"]
