"""Finds the sender of a request, and remembers it for a few seconds."""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import HTTPConnection

from stanchion.serve.cache.asked import sender_of
from stanchion.serve.cache.versions import BOUND
from stanchion.serve.database import INVALID_KEY, Database, act_for, named
from stanchion.serve.flights import Flights
from stanchion.serve.problems import Problem, unknown_sender
from stanchion.serve.settings import Settings
from stanchion.serve.who.principal import STRANGER, Principal
from stanchion.serve.who.tokens import Tokens

BEARER, _PROTOCOLS = "bearer", "sec-websocket-protocol"
_MOST = 10_000  # senders that are remembered
_KEY = re.compile(r"stn_[0-9a-f]{32}_[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EDITORS = ("owner", "admin", "editor")  # as in core.require_editor
_ONCE = ("authorization", "host", "apikey", "x-api-key", "content-length", "content-type", _PROTOCOLS)


@dataclass(frozen=True)
class _Known:
    """A sender that was checked."""

    principal: Principal
    until: float
    renew_at: float  # from then on a request causes another check, and does not wait for it


class Senders:
    """The senders of requests. A sender that was checked is not checked again for `who_seconds`."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._tokens = Tokens(settings)
        self._flights: Flights[Principal] = Flights()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def identify(self, request: HTTPConnection) -> Principal:
        """Return the sender of a request, or raise a problem with status 400, 401 or 403."""
        token, key = _credentials(request)
        sender = sender_of(request.scope)
        known, host, now = self._known.get(sender), _host(request), time.monotonic()
        if known is not None and known.until > now:
            if known.renew_at < now:
                self._flights.start(sender, lambda: self._check(sender, token, key, host))
            return known.principal
        principal, _ = await self._flights.join(sender, lambda: self._check(sender, token, key, host))
        return principal

    def recall(self, sender: bytes) -> Principal | None:
        """Return a sender who was checked a moment ago, by the digest of its headers."""
        known = self._known.get(sender)
        return known.principal if known is not None and known.renew_at > time.monotonic() else None

    def forget(self, request: HTTPConnection) -> None:
        """Check the sender of a request again the next time, because its rights have changed."""
        self._known.pop(sender_of(request.scope), None)

    async def _check(self, sender: bytes, token: str | None, key: str | None, host: str) -> Principal:
        began = time.monotonic()
        principal, until = await self._find(token, key, host)
        # an answer from memory has no transaction that would check the key again
        seconds = self._settings.who_seconds if key is None else min(self._settings.who_seconds, BOUND)
        left = min(seconds, until - time.time())
        self._known[sender] = _Known(principal, began + left, began + left * 0.8)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return principal

    async def _find(self, token: str | None, key: str | None, host: str) -> tuple[Principal, float]:
        """Return the sender, and the time at which its token expires."""
        until = float("inf")
        if token is not None:
            claims = await self._tokens.claims(token)
            principal, of_host = await self._of_token(claims, host)
            until = float(claims["exp"]) + self._settings.skew
            if key is not None and (await self._of_key(key)).tenant_id != principal.tenant_id:
                raise Problem(403, "the token and the API key are of different tenants")
        elif key is not None:
            principal, of_host = await self._of_key(key), await self._tenant_of(host)
        else:
            return await self._of_anybody(await self._tenant_of(host)), until
        if of_host is not None and of_host != principal.tenant_id:
            raise Problem(403, "the host name belongs to another tenant than the token or the API key")
        return principal, until

    async def _tenant_of(self, host: str) -> UUID | None:
        async with self._database.as_nobody() as conn:
            row = await (await conn.execute(named("tenant_of_host"), {"host": host})).fetchone()
        return row[0] if row else None

    async def _of_key(self, key: str) -> Principal:
        if not _KEY.fullmatch(key):
            raise Problem(401, INVALID_KEY)
        async with self._database.as_nobody() as conn:
            row = await (await conn.execute(named("find_key"), {"key": key})).fetchone()
            if row is None:
                raise Problem(401, INVALID_KEY)
            slug = (await _one(conn, "find_tenant", {}))[0]
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return Principal("key", row[0], slug, f"key:{digest}", scopes=frozenset({"read", *row[1]}), key=key)

    async def _of_token(self, claims: dict[str, Any], host: str) -> tuple[Principal, UUID | None]:
        """Return the sender, and the tenant of the host name."""
        tenant = _tenant_claim(claims)
        of_host = await self._tenant_of(host) if tenant is None else None
        chosen = tenant or of_host
        if chosen is None:
            raise Problem(403, "the token has no claim app_metadata.tenant_id, and the host name no tenant")
        subject, email = claims.get("sub"), claims.get("email")
        subject = subject if isinstance(subject, str) else None
        if not isinstance(email, str) or claims.get("email_verified", True) is not True or "\0" in email:
            email = None
        sub = subject if subject is not None and _UUID.fullmatch(subject) else None
        cursors = await self._database.ask(  # one round trip, because every person is checked every few seconds
            (named("tenant_of_host"), {"host": host}),
            ("select core.set_local('app.tenant_id', %s)", [str(chosen)]),
            (named("find_tenant"), None),
            (named("find_member"), {"subject": sub, "email": email}),
        )
        row, _, found, member = [await each.fetchone() for each in cursors]
        of_host = row[0] if row else None
        if found is None or found[1] != "active":
            raise Problem(403, "the claim app_metadata.tenant_id names no active tenant")
        if tenant is None and member is None:
            # a host name is chosen by the sender, so that alone it must open no tenant
            raise Problem(403, "the sender is not a member of the tenant of this host name")
        principal = Principal(
            "token",
            chosen,
            found[0],
            f"person:{subject or email or 'unknown'}"[:300],
            principal_id=member[0] if member else STRANGER,
            email=email,
            scopes=frozenset({"read", "write"}) if member and member[1] in _EDITORS else frozenset({"read"}),
        )
        return principal, of_host

    async def _of_anybody(self, of_host: UUID | None) -> Principal:
        if of_host is None or not self._settings.anonymous:
            raise unknown_sender()
        async with self._database.as_nobody() as conn:
            await act_for(conn, of_host)
            slug = (await _one(conn, "find_tenant", {}))[0]
            published = (await _one(conn, "find_published", {}))[0]
        if not published:
            raise unknown_sender()
        names = frozenset(name for name in published if isinstance(name, str))
        return Principal("anonymous", of_host, slug, "anonymous", principal_id=STRANGER, published=names)


async def _one(conn: Any, name: str, values: dict[str, Any]) -> Any:
    return await (await conn.execute(named(name), values)).fetchone()


def _tenant_claim(claims: dict[str, Any]) -> UUID | None:
    """Return the tenant of a token. The user of Supabase can write user_metadata, so that is not read."""
    metadata = claims.get("app_metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    text = metadata.get("tenant_id") or metadata.get("org_id")
    if text is None:
        return None
    if not isinstance(text, str) or not _UUID.fullmatch(text):
        raise Problem(403, "the claim app_metadata.tenant_id names no active tenant")
    return UUID(text)


def _credentials(request: HTTPConnection) -> tuple[str | None, str | None]:
    """Return the token and the API key of a request. supabase-js sends a key in both headers."""
    for name in _ONCE:
        if len(request.headers.getlist(name)) > 1:
            raise Problem(400, f"the header {name} occurs more than once")
    token, key = None, None
    given, offered = request.headers.get("authorization"), subprotocol(request)
    if offered is not None:
        if given is not None:
            raise Problem(400, "the headers authorization and sec-websocket-protocol both have credentials")
        given = f"Bearer {offered}"
    if given is not None:
        scheme, _, text = given.partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            raise Problem(401, "the header authorization must be: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"})
        if text.startswith("stn_"):
            key = text
        else:
            token = text
    for name in ("x-api-key", "apikey"):
        other = request.headers.get(name)
        if other is None or (name == "apikey" and other == token):
            continue
        if key is not None and key != other:
            raise Problem(400, "the request has two different API keys")
        key = other
    return token, key


def subprotocol(request: HTTPConnection) -> str | None:
    """Return the token or API key of `new WebSocket(url, ["bearer", TOKEN])`. Browsers send no other header."""
    if request.scope["type"] != "websocket":
        return None
    name, _, text = request.headers.get(_PROTOCOLS, "").partition(",")
    return text.strip() if name.strip() == BEARER and text.strip() else None


def _host(request: HTTPConnection) -> str:
    """Return the host name without its port."""
    host = request.headers.get("host", "")
    return re.sub(r":\d*$", "", host).rstrip(".").lower()[:253]
