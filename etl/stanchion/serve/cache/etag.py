"""Validators of answers, and the headers that tell caches of clients and proxies what they may do."""

from __future__ import annotations

import hashlib

from stanchion.serve.cache.memory import Headers, Key

VARY = "Authorization, X-Api-Key, Apikey, Accept, Accept-Profile, Prefer, Range, Range-Unit"


def etag_of(key: Key, version: bytes) -> bytes:
    """Return the ETag of the answer to a request: by the version of its marts, or by its own bytes."""
    sender, path, query_string, form = key
    parts = (sender, path.encode("utf-8", "surrogatepass"), query_string, *form, version)
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:  # each with its length, so that no two lists of parts have the same bytes
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return b'"%s"' % digest.hexdigest().encode()


def matches(if_none_match: bytes | None, etag: bytes) -> bool:
    """Return whether the client has the answer with this ETag."""
    if if_none_match is None:
        return False
    # a proxy that compresses answers makes weak validators of strong ones
    given = [each.strip().removeprefix(b"W/") for each in if_none_match.split(b",")]
    return etag in given or given == [b"*"]


def caching_headers(etag: bytes, *, is_public: bool) -> Headers:
    """Return the headers about caching: every cache asks again, and only the answer to anybody may be shared."""
    return [
        (b"etag", etag),
        (b"cache-control", b"public, no-cache" if is_public else b"private, no-cache"),
        (b"vary", VARY.encode()),
    ]
