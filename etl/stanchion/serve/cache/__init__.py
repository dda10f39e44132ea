"""Answers that are kept: their versions, their validators, and the memory of one process."""
