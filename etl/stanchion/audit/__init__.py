"""Audit of tenant isolation in a live database: tenancy rules over the catalog, and attacks by real logins."""
