"""Stanchion: exports in, trusted per-tenant marts out, in one Postgres."""

__version__ = "0.1.0"
