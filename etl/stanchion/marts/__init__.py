"""Building the marts: runs dbt in this process behind one function."""

from stanchion.marts.dbt import Node
from stanchion.marts.run import BuildResult, build, is_current

__all__ = ["BuildResult", "Node", "build", "is_current"]
