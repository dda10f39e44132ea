"""Reports about a league, as one HTML file or as a folder of pages, and about partitions."""
