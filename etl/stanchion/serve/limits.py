"""Limits of requests: by key, person and address in the database, and by address for senders that were refused."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from datetime import UTC, datetime

from starlette.requests import HTTPConnection

from stanchion.serve.database import Database, named
from stanchion.serve.problems import Problem
from stanchion.serve.settings import Settings
from stanchion.serve.who.identify import Senders
from stanchion.serve.who.principal import Principal

_WINDOW = 60  # seconds
_REFUSALS = 60  # of an address in a window; then nothing of its credentials is checked
_MOST = 10_000  # addresses that are remembered


class Gate:
    """Finds the sender of a request, and counts the request against its limit."""

    def __init__(self, settings: Settings, database: Database, senders: Senders) -> None:
        self._settings, self._database, self._senders = settings, database, senders
        self._refused: OrderedDict[str, tuple[float, int]] = OrderedDict()

    async def admit(self, request: HTTPConnection) -> Principal:
        """Return the sender. Raise a problem with status 401 or 403, or 429 when a limit is reached.

        The headers about the limit are in `request.state.limit`, for the answer.
        """
        address = request.client.host if request.client else "unknown"
        if self._is_refused(address):
            raise Problem(429, "too many requests of this address were refused", headers={"Retry-After": str(_WINDOW)})
        try:
            principal = await self._senders.identify(request)
        except Problem as e:
            if e.status in (401, 403):
                self._count_refusal(address)
            raise
        if self._settings.rate:
            subject = address if principal.how == "anonymous" else principal.subject
            request.state.limit = await self._take(principal, subject)
        return principal

    def is_open(self, address: str) -> bool:
        """Return whether a request of this address needs no count in the database, and was not refused too often."""
        return not self._settings.rate and not (self._refused and self._is_refused(address))

    def _is_refused(self, address: str) -> bool:
        until, count = self._refused.get(address, (0.0, 0))
        return count >= _REFUSALS and until > time.monotonic()

    def _count_refusal(self, address: str) -> None:
        until, count = self._refused.pop(address, (0.0, 0))
        if until <= time.monotonic():
            until, count = time.monotonic() + _WINDOW, 0
        self._refused[address] = (until, count + 1)
        if len(self._refused) > _MOST:
            self._refused.popitem(last=False)

    async def _take(self, principal: Principal, subject: str) -> dict[str, str]:
        limit = self._settings.rate
        async with self._database.transaction(principal, write=True) as conn:
            values = {"subject": f"serve {subject}"[:500], "most": limit}
            row = await (await conn.execute(named("rate_limit_take"), values)).fetchone()
        allowed, remaining, resets_at = row if row is not None else (True, 0, datetime.now(UTC))
        left = max(1, math.ceil((resets_at - datetime.now(UTC)).total_seconds()))
        headers = {
            "RateLimit-Policy": f'"minute";q={limit};w={_WINDOW}',
            "RateLimit": f'"minute";r={remaining};t={left}',
        }
        if not allowed:
            raise Problem(
                429, f"the limit of {limit} requests a minute is reached",
                headers=headers | {"Retry-After": str(left)},
            )  # fmt: skip
        return headers
