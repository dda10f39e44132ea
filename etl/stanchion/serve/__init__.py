"""The HTTP server of `stanchion serve`. Nothing of it is imported by other commands."""
