"""Invented games, written as the files that trackers write, with what every statistic of them must be."""
