"""Answers to reads: from memory while they are right, as 304 to a client that has them, else from the database."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from stanchion.ops.metrics import Metric
from stanchion.serve.cache.asked import Asked, asked_of
from stanchion.serve.cache.basis import Basis
from stanchion.serve.cache.etag import caching_headers, etag_of, matches
from stanchion.serve.cache.memory import Headers, Kept, Key, Memory
from stanchion.serve.cache.versions import Versions
from stanchion.serve.database import Database
from stanchion.serve.flights import Flights
from stanchion.serve.settings import Settings
from stanchion.serve.who.principal import Principal

# Reads the rows, and the version of the given marts if the rows have one, from the primary or (True) from a replica.
Read = Callable[[tuple[str, ...], bool], Awaitable[tuple[Response, str | None]]]
Wire = tuple[int, Headers, bytes]
_NOT_SENT_AGAIN = (b"content-type", b"content-length", b"content-range")  # with status 304
_RESULTS = ("hit", "not_modified", "miss", "collapsed", "bypass")


class Cache:
    """The answers of one process.

    The key of an answer is everything that row-level security looks at, and everything that the request asks. An answer
    from marts is right while their versions are the same. Any other answer is kept for `cache_seconds`, or until its
    tenant writes through this process.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.is_on = settings.cache_bytes > 0
        self._seconds = settings.cache_seconds if self.is_on else 0.0
        self._database = database
        self.versions = Versions(database)
        self.memory = Memory(settings.cache_bytes)
        self._flights: Flights[Kept] = Flights()
        self._writes: Counter[UUID] = Counter()
        self.results: Counter[str] = Counter()

    def wrote(self, tenant: UUID) -> None:
        """Use no answer that may have been read before a write of this tenant. Called before the write is answered."""
        self._writes[tenant] += 1

    def hit(self, asked: Asked, principal: Principal) -> Wire | None:
        """Return the answer to a request if it is in memory and right."""
        if asked.fresh:
            return None
        for sender in (principal.shared, principal.personal):
            kept = self._find(asked.key(sender), principal)
            if kept is not None:
                if kept.version is not None:
                    self.versions.renew_soon()
                elif not kept.is_renewed and kept.until - time.monotonic() < self._seconds / 2:
                    kept.is_renewed = True  # this request reads it again, so that no request has to wait at its end
                    return None
                return self._wire(kept, asked, "hit")
        return None

    async def answer(self, request: HttpRequest, principal: Principal, basis: Basis, read: Read) -> Response:
        """Return the answer to a request."""
        asked = asked_of(request.scope)
        if asked is None:
            response, _ = await self._database.from_replica(partial(read, ()))
            return response
        key = asked.key(principal.personal if basis.by_person else principal.shared)
        if basis.sources is not None and self.is_on:
            version = await self.versions.read(basis.sources, now=asked.fresh)
            if version is not None:
                return await self._versioned(asked, key, principal, basis.sources, version, read)
        return await self._timed(asked, key, principal, read)

    async def _versioned(
        self, asked: Asked, key: Key, principal: Principal, sources: tuple[str, ...], version: str, read: Read
    ) -> Response:
        etag = etag_of(key, version.encode())
        if matches(asked.if_none_match, etag):
            return _response(self._wire(_empty(etag, principal), asked, "hit"))
        kept = None if asked.fresh else self._find(key, principal)
        if kept is not None:
            return _response(self._wire(kept, asked, "hit"))

        async def make() -> Kept:
            response, found = await self._database.from_replica(partial(read, sources))
            if found != version and self._database.replica is not None:
                response, found = await read(sources, False)  # the replica is behind the primary
            if found != version:
                return _kept(key, principal, response)
            # a version never occurs twice, so rows that were read between two equal ones have this version
            made = _kept(key, principal, response, sources=sources, version=version)
            self.memory.put(key, made)
            return made

        if asked.fresh:
            return _response(self._wire(await make(), asked, "bypass"))
        kept, is_own = await self._flights.join((key, version), make)
        return _response(self._wire(kept, asked, "miss" if is_own else "collapsed"))

    async def _timed(self, asked: Asked, key: Key, principal: Principal, read: Read) -> Response:
        """Return an answer without a version, which is kept for some seconds or not at all."""
        arrived, write = time.monotonic(), self._writes[principal.tenant_id]
        kept = self._find(key, principal) if self._seconds and not asked.fresh else None
        if kept is not None and (not kept.is_renewed or self._flights.is_running((key, write))):
            return _response(self._wire(kept, asked, "hit"))

        async def make() -> Kept:
            until = time.monotonic() + self._seconds
            response, _ = await self._database.from_replica(partial(read, ()))
            made = _kept(key, principal, response, until=until, write=write)
            if self._seconds:
                self.memory.put(key, made)
            return made

        if not self._seconds or asked.fresh:
            return _response(self._wire(await make(), asked, "bypass"))
        kept, is_own = await self._flights.join((key, write), make)
        if kept.until < arrived:  # the read of another sender began too long ago
            kept, is_own = await make(), True
        return _response(self._wire(kept, asked, "miss" if is_own else "collapsed"))

    def _find(self, key: Key, principal: Principal) -> Kept | None:
        """Return an answer in memory that is still right."""
        kept = self.memory.get(key)
        if kept is None:
            return None
        if kept.version is not None:
            return kept if kept.version == self.versions.current(kept.sources) else None
        is_right = kept.until > time.monotonic() and kept.write == self._writes[principal.tenant_id]
        return kept if is_right else None

    def _wire(self, kept: Kept, asked: Asked, result: str) -> Wire:
        """Return status, headers and body; without a body when the client has it."""
        status = (b"cache-status", _STATUS[result])
        if not matches(asked.if_none_match, kept.etag):
            self.results[result] += 1
            return kept.status, [*kept.headers, status], kept.body
        self.results["not_modified" if result == "hit" else result] += 1
        return 304, [*(each for each in kept.headers if each[0] not in _NOT_SENT_AGAIN), status], b""

    def metrics(self) -> list[Metric]:
        """Return the numbers of the cache since the start of the process."""
        served = self.results["hit"] + self.results["not_modified"] + self.results["collapsed"]
        asked = max(1, sum(self.results.values()) - self.results["bypass"])
        results: list[tuple[tuple[str, ...], float]] = [((each,), float(self.results[each])) for each in _RESULTS]
        ratio, size = served / asked, float(self.memory.size)
        return [
            Metric("serve_cache_answers", "Answers to reads by their way.", ("result",), results, kind="counter"),
            Metric("serve_cache_hit_ratio", "Part of the reads without a bypass that read no row.", (), [((), ratio)]),
            Metric("serve_cache_bytes", "Memory of the answers that are kept.", (), [((), size)]),
        ]


# RFC 9211
_STATUS = {
    "hit": b"stanchion; hit",
    "miss": b"stanchion; fwd=uri-miss",
    "collapsed": b"stanchion; fwd=uri-miss; collapsed",
    "bypass": b"stanchion; fwd=bypass",
}


def _kept(
    key: Key, principal: Principal, response: Response, *, sources: tuple[str, ...] = (), version: str | None = None,
    until: float = 0.0, write: int = 0,
) -> Kept:  # fmt: skip
    body = bytes(response.body)
    etag = etag_of(key, version.encode() if version is not None else hashlib.sha256(body).digest())
    headers = [(name, value) for name, value in response.raw_headers if name != b"vary"]
    headers += caching_headers(etag, is_public=principal.how == "anonymous")
    return Kept(response.status_code, headers, body, etag, sources, version, until, write)


def _empty(etag: bytes, principal: Principal) -> Kept:
    return Kept(200, caching_headers(etag, is_public=principal.how == "anonymous"), b"", etag)


def _response(wire: Wire) -> Response:
    status, headers, body = wire
    response = Response(body, status)
    response.raw_headers = headers
    return response
