"""Keys of teams and seasons, derived from their names, and of games without an id, derived from date and teams."""

import unicodedata
from datetime import date

from stanchion.ingest.reading.values import UNSTORABLE


def storable(text: str) -> str:
    """Return the text without the characters that Postgres cannot store."""
    return text.translate(UNSTORABLE)


def name_key(name: str) -> str:
    """Normalize a name to its key: NFC, runs of white space as one space, casefolded."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).split()).casefold())


def day_key(played_on: date, home: str, away: str) -> str:
    """Return the key of a game without an id: its date and teams, in the format of event CSV files."""
    return f"{played_on} {home} vs {away}"
