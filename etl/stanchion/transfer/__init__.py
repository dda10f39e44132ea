"""Tenants that leave and move: export all rows of a tenant to one file, import the file elsewhere, remove a tenant."""
