"""Find the documents under paths: files, folders, patterns, archives, URLs, and - for standard input.

Their order is stable. Nothing is unpacked to disk. Archives (zip, tar) and compressed files (gzip, Zstandard) are
recognised by their content and may be hostile: the number of files, the size of each and the total size are limited by
counting the bytes read, not by the sizes that an archive claims. An archive within an archive is opened; a third level
is not.
"""

from stanchion.ingest.reading.sources.document import Document, from_bytes
from stanchion.ingest.reading.sources.find import STDIN, documents, documents_in, list_files
from stanchion.ingest.reading.sources.limits import MAX_IN_MEMORY_BYTES
from stanchion.ingest.reading.sources.missing import MissingPathError
from stanchion.ingest.reading.sources.remote import is_url, shown

__all__ = [
    "MAX_IN_MEMORY_BYTES",
    "STDIN",
    "Document",
    "MissingPathError",
    "documents",
    "documents_in",
    "from_bytes",
    "is_url",
    "list_files",
    "shown",
]
