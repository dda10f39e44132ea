"""Calls functions of the database."""
