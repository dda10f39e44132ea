"""Measuring what is asked most, beside the simplest thing that could be in its place."""
