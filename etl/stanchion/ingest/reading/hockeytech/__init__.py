"""The documents of the HockeyTech service, and their conversion into a game."""
