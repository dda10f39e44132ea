"""The commands of stanchion, one module for each group."""
