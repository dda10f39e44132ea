"""The season of a league as a folder of static pages: the league, its teams, players and games."""
