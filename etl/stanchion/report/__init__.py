"""Reports: what the marts, or the partitions, say, as one HTML file that needs nothing else."""
