"""Tenant isolation, tried on the live database: rules over the catalog, and real logins that attack."""
