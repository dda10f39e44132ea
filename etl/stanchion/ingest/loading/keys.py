"""The keys that names of teams and seasons, and days with teams, come to."""

import unicodedata
from datetime import date

from stanchion.ingest.reading.values import UNSTORABLE


def storable(text: str) -> str:
    """Text without what Postgres cannot keep."""
    return text.translate(UNSTORABLE)


def name_key(name: str) -> str:
    """One spelling: NFC, white space as single spaces, casefolded."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).split()).casefold())


def day_key(played_on: date, home: str, away: str) -> str:
    """A game that has no id, by its day and its teams, as the event CSV has it."""
    return f"{played_on} {home} vs {away}"
