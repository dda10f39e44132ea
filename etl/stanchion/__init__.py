"""Stanchion: exports in, trusted per-tenant marts out, in one Postgres."""
