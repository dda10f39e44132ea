"""Loading: writes the games that readers produce into the database, each game in one transaction."""
