"""Benchmarks: the most frequent operations, compared with their simplest alternatives."""
