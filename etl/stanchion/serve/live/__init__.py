"""Streams of events, standings and presence of one tenant."""
