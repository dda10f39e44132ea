"""Reports about a league or about partitions, as one HTML file without dependencies."""
