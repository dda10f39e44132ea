"""Building the marts: dbt, in this process, behind one function."""

from etl.build.dbt import Node
from etl.build.run import Report, build, is_current

__all__ = ["Node", "Report", "build", "is_current"]
