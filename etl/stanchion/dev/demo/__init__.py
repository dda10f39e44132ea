"""The demonstration on a web page: the site of a season, a game that is played, and a server for both."""

TENANT = "harbour"
COMPETITION = "live"
VIEWER = "scoreboard@example.org"  # the member for whom the page reads
