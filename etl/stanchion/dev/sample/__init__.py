"""Sample games: files as trackers write them, with the expected value of every statistic."""
