"""Marts of one tenant as files that other tools read."""
