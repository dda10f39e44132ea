"""The archived form of a game that was read with a mapping. See ingest/reading/mapping."""

from stanchion.ingest.reading.mapping.formats import read_archived
from stanchion.ingest.reading.recognise import JsonFormat

FORMATS = (JsonFormat("archived game of a mapping", (("mapping",), ("game",), ("rows",)), read_archived),)
