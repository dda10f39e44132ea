"""Reads relations in the grammar of PostgREST."""
