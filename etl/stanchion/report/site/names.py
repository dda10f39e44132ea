"""The file of each page of a site."""

import hashlib
import re

LEAGUE, GAMES, PLAYERS, QUALITY = "index.html", "games.html", "players.html", "quality.html"
STYLE, SCRIPT = "style.css", "site.js"
LIVE, LIVE_SCRIPT = "live.html", "live.js"  # only of a site that a server with live streams shows
FOLDERS = ("game", "player", "team")
_LONGEST = 40


def page_of(kind: str, key: str) -> str:
    """Return the file of a game, player or team: its key, or the readable part of the key and a hash of all of it.

    Two keys never have the same file, also where the file system ignores upper and lower case.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:_LONGEST]
    if not key or readable != key:
        readable = f"{readable or kind}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
    return f"{kind}/{readable}.html"
